/* The whole terminal UI with a terminal that is made up here: it opens every page of every view, then
 * presses keys at random while jobs run, and ends by a signal. Criterion's runner does not start under
 * ThreadSanitizer, so this is a program of its own: 0 is success.
 *
 * usage: tui SOURCE [BASELINE [SECONDS [SEED]]] */
#include "tui/tui.h"
#include "report/width.h"
#include "tui/view.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { KEYS = 64, MOST_VIEWS = 32, CALM = 300, PATIENCE = 5000 /* ms */ };

#define CONTROL(letter) ((letter)&31)

/* What is pressed next, and what was seen. All on the screen's thread. */
static struct {
    unsigned rows, columns;
    int signals;
    int keys[KEYS]; /* of one action */
    unsigned key_count, next_key;
    double began, seconds, until; /* of random keys, once the tour is over */
    double busy_at, step_at;      /* when a job was last seen, when the tour last went on */
    unsigned tour_view, tour_page;
    bool resized, ended;
    unsigned frames, actions;
    bool seen[MOST_VIEWS];
    uint64_t random;
} screen;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static unsigned chance(unsigned count) {
    screen.random = screen.random * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(screen.random >> 33) % count;
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static void press(int code) {
    if (screen.key_count < KEYS)
        screen.keys[screen.key_count++] = code;
}

static void type(const char *text) {
    for (; *text; text++)
        press((unsigned char)*text);
}

/* A name that was not there before, nor names a folder. */
static void type_file(int key, const char *ending) {
    char name[32];
    snprintf(name, sizeof name, "%u%s", screen.actions, ending);
    press(key);
    press(CONTROL('E'));
    press(CONTROL('U'));
    type(name);
    press(KEY_CODE_ENTER);
}

static void search_or_filter(void) {
    static const char *const texts[] = {"a", "e", "dict", "Order", "0x7f", "no such text", ""};
    press(chance(2) ? '/' : KEY_CODE_F1 + 3);
    press(CONTROL('U'));
    type(texts[chance(sizeof texts / sizeof *texts)]);
    press(KEY_CODE_ENTER);
}

static void go_somewhere(void) {
    static const char *const to[] = {"dict", "list", "str", "*", "nothing", "0x10"};
    press(':');
    type(to[chance(sizeof to / sizeof *to)]);
    press(KEY_CODE_ENTER);
}

static void act_at_random(void) {
    static const int moves[] = {KEY_CODE_UP,   KEY_CODE_DOWN, KEY_CODE_PAGE_UP, KEY_CODE_PAGE_DOWN,
                                KEY_CODE_HOME, KEY_CODE_END,  KEY_CODE_DOWN,    'j'};
    static const int others[] = {KEY_CODE_RIGHT,
                                 KEY_CODE_RIGHT,
                                 KEY_CODE_RIGHT,
                                 KEY_CODE_LEFT,
                                 ' ',
                                 KEY_CODE_ENTER,
                                 KEY_CODE_ENTER,
                                 KEY_CODE_BACKSPACE,
                                 KEY_CODE_TAB,
                                 KEY_CODE_BACK_TAB,
                                 'i',
                                 'p',
                                 'd',
                                 '<',
                                 '>',
                                 '>',
                                 'I',
                                 'n',
                                 'N',
                                 'r',
                                 'b',
                                 'y',
                                 '?',
                                 KEY_CODE_ESCAPE,
                                 KEY_CODE_ESCAPE,
                                 CONTROL('L'),
                                 '0',
                                 '1',
                                 '2',
                                 '3',
                                 '4',
                                 '5',
                                 '6',
                                 '7',
                                 '8',
                                 '9',
                                 KEY_CODE_MOUSE};
    static const char *const endings[] = {".txt", ".csv", ".json", ".dot"};
    switch (chance(16)) {
    case 0:
        search_or_filter();
        break;
    case 1:
        go_somewhere();
        break;
    case 2:
        type_file('e', endings[chance(4)]);
        break;
    case 3:
        if (!chance(4))
            type_file('s', ".hgs");
        screen.resized = !chance(4);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        for (unsigned count = chance(8); count; count--)
            press(moves[chance(sizeof moves / sizeof *moves)]);
        break;
    default:
        press(others[chance(sizeof others / sizeof *others)]);
    }
}

/* ---- the tour ------------------------------------------------------------------------------------ */

/* One page after the other, each once no job runs. False at its end. */
static bool tour(void) {
    static const int on_each_page[] = {KEY_CODE_DOWN, KEY_CODE_RIGHT, KEY_CODE_PAGE_DOWN, '>'};
    double time = now();
    const struct view *view = view_registry[screen.tour_view];
    if (!view)
        return false;
    if ((time - screen.busy_at) * 1000 < CALM && (time - screen.step_at) * 1000 < PATIENCE)
        return true;
    screen.step_at = screen.busy_at = time;
    printf("%6.1f s: %s, page %u\n", time - screen.began, view->name, screen.tour_page + 1);
    fflush(stdout);
    if (!screen.tour_page && !screen.seen[screen.tour_view] && view->key)
        press(view->key);
    else if (!screen.tour_page)
        press('?');
    for (size_t i = 0; i < sizeof on_each_page / sizeof *on_each_page; i++)
        press(on_each_page[i]);
    if (!strcmp(view->name, "types") || !strcmp(view->name, "instances"))
        press(KEY_CODE_ENTER); /* so that there is something for views that need it */
    else if (view->page_count > 1)
        press(KEY_CODE_TAB);
    if (++screen.tour_page >= view->page_count) {
        screen.tour_view++;
        screen.tour_page = 0;
    }
    return true;
}

static bool all_seen(void) {
    bool all = true;
    for (unsigned i = 0; view_registry[i] && i < MOST_VIEWS; i++) {
        bool tab = view_registry[i]->key >= '1' && view_registry[i]->key <= '9';
        if (tab && !screen.seen[i])
            printf("never shown: %s\n", view_registry[i]->title);
        all = all && (!tab || screen.seen[i]);
    }
    return all;
}

/* ---- the terminal -------------------------------------------------------------------------------- */

struct err *terminal_open(const struct terminal_options *options) {
    (void)options;
    screen.rows = 24;
    screen.columns = 80;
    screen.signals = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* readable for ever */
    screen.began = screen.busy_at = screen.step_at = now();
    return screen.signals < 0 ? err_new(ERR_FAILED, "no descriptor") : NULL;
}

void terminal_close(void) {
    close(screen.signals);
}

void terminal_suspend(void) {}

void terminal_resize(void) {
    screen.rows = chance(4) ? 24 : 1 + chance(60);
    screen.columns = chance(4) ? 80 : 1 + chance(200);
}

void terminal_redraw(void) {}

unsigned terminal_rows(void) {
    return screen.rows;
}

unsigned terminal_columns(void) {
    return screen.columns;
}

bool terminal_shows_unicode(void) {
    return true;
}

void terminal_clear(void) {}

unsigned terminal_text(unsigned row, unsigned column, unsigned columns, enum paint paint,
                       const char *text) {
    struct strbuf fitting = {0};
    if (row >= screen.rows || column >= screen.columns || !columns)
        return 0;
    if (columns > screen.columns - column)
        columns = screen.columns - column;
    if (!strcmp(text, "Esc cancel"))
        screen.busy_at = now();
    for (unsigned i = 0; paint == PAINT_TAB_HERE && view_registry[i] && i < MOST_VIEWS; i++)
        screen.seen[i] |= !strcmp(view_registry[i]->title, text);
    size_t taken = width_add_fitting(&fitting, text, columns, false);
    strbuf_free(&fitting);
    return (unsigned)taken;
}

void terminal_repaint(unsigned row, unsigned column, unsigned columns, enum paint paint) {
    (void)row, (void)column, (void)columns, (void)paint;
}

void terminal_cursor(unsigned row, unsigned column) {
    (void)row, (void)column;
}

void terminal_show(void) {
    screen.frames++;
}

struct key terminal_key(void) {
    if (screen.next_key < screen.key_count) {
        struct key key = {.code = screen.keys[screen.next_key++]};
        if (key.code == KEY_CODE_MOUSE) {
            key.mouse = (enum mouse_event)chance(3);
            key.row = chance(screen.rows);
            key.column = chance(screen.columns);
        }
        return key;
    }
    screen.key_count = screen.next_key = 0;
    if (!screen.until && !tour())
        screen.until = now() + screen.seconds;
    else if (screen.until)
        act_at_random();
    screen.actions++;
    usleep(screen.until ? chance(8) ? chance(10000) : chance(200000) : 5000);
    return (struct key){.code = KEY_NOTHING};
}

int terminal_signals(void) {
    return screen.signals;
}

int terminal_signal(void) {
    if (screen.until && now() > screen.until && !screen.ended) {
        screen.ended = true; /* told once */
        return SIGTERM;
    }
    bool resized = screen.resized;
    screen.resized = false;
    return resized ? SIGWINCH : 0;
}

/* ---- the program --------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int run(const struct tui_options *options) {
    int number = 0;
    struct err *err = tui_run(options, &number);
    printf("%u frames, %u actions, %.1f s\n", screen.frames, screen.actions, now() - screen.began);
    if (err)
        printf("%s\n", err_message(err));
    bool wrong = err || number != SIGTERM || !all_seen();
    err_free(err);
    return wrong;
}

int main(int count, char **arguments) {
    char folder[] = "/tmp/heapglass-race-XXXXXX", *end;
    if (count < 2)
        return 2;
    long pid = strtol(arguments[1], &end, 10);
    struct tui_options options = {
        .session = {.argument = *end ? realpath(arguments[1], NULL) : arguments[1],
                    .pid = *end ? 0 : (pid_t)pid,
                    .baseline = count > 2 && *arguments[2] ? realpath(arguments[2], NULL) : NULL,
                    .every = *end ? 0 : 3},
    };
    screen.seconds = count > 3 ? strtod(arguments[3], NULL) : 3;
    screen.random = count > 4 ? strtoull(arguments[4], NULL, 10) : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)screen.random);
    fflush(stdout);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC); /* always readable */
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || !mkdtemp(folder) || chdir(folder))
        return 1;
    int wrong = run(&options);
    close(nothing);
    if (!options.session.pid)
        free((char *)options.session.argument);
    free((char *)options.session.baseline);
    if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS))
        return 1;
    return wrong;
}
