#include "sample.h"

/* The other file has a structure of that name too, with other members. */
struct private_state {
    char name[24];
    int age;
};

struct best_fit {
    int other;
};

sample_typedef sample_object = {.count = 7};
sample_alias *sample_pointer = &sample_object;
union sample_union sample_union_object;
struct sample_packed sample_packed_object;
struct private_state state_one;
struct best_fit fit_one;
const uint64_t sample_constant = 0x1122334455667788;
static int hidden_static __attribute__((used)) = 5;
static int suffixed __asm__("suffixed.lto_priv.0") __attribute__((used)) = 6;

static void *kept_word __asm__("kept_word.1234") __attribute__((used));
void *const sample_relocated = &sample_object;

static int twice_a __asm__("twice.lto_priv.0") __attribute__((used)) = 10;
static int twice_b __asm__("twice.lto_priv.1") __attribute__((used)) = 11;
static int once_a __asm__("once.lto_priv.0") __attribute__((used)) = 29;
static int once __attribute__((used)) = 30;
static int pieces_cold __asm__("pieces.lto_priv.0.cold") __attribute__((used)) = 40;
static int pieces_part __asm__("pieces.part.0") __attribute__((used)) = 41;

int sample_function(void);
int sample_function(void) {
    return hidden_static + suffixed;
}
