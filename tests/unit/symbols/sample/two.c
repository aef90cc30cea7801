struct private_state {
    int age;
    char name[24];
};

struct best_fit {
    long pad;
    int wanted, other;
};

struct private_state state_two;
struct best_fit fit_two;
