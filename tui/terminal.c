#include "tui/terminal.h"

#include "base/strbuf.h"
#include "report/width.h"
#include "tui/terminfo.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { ESCAPE_DELAY = 25 /* ms */, RESTORE_SIZE = 256 };

static struct {
    bool open, unicode, mouse;
    int signals; /* a signalfd */
    sigset_t blocked, before;
    SCREEN *screen;
    FILE *keys; /* NULL: standard input */
    attr_t attributes[PAINTS];
    short pairs[PAINTS];
    /* For a crash, when nothing else can be called: */
    struct termios saved;
    char restore[RESTORE_SIZE];
    size_t restore_length;
} terminal = {.signals = -1};

/* ---- colours ------------------------------------------------------------------------------------ */

struct look {
    attr_t attributes;                                  /* with colours */
    short color256, color8, background256, background8; /* -1: the terminal's own */
    attr_t plain;                                       /* without colours */
};

/* Colours of the middle of the scale, to be read on light and on dark. */
static const struct look looks[PAINTS] = {
    [PAINT_PLAIN] = {A_NORMAL, -1, -1, -1, -1, A_NORMAL},
    [PAINT_STRONG] = {A_BOLD, -1, -1, -1, -1, A_BOLD},
    [PAINT_FAINT] = {A_NORMAL, 244, -1, -1, -1, A_DIM},
    [PAINT_WARNING] = {A_NORMAL, 172, COLOR_YELLOW, -1, -1, A_BOLD},
    [PAINT_ERROR] = {A_BOLD, 160, COLOR_RED, -1, -1, A_REVERSE},
    [PAINT_STATUS] = {A_REVERSE, -1, -1, -1, -1, A_REVERSE},
    [PAINT_TAB] = {A_NORMAL, 244, -1, -1, -1, A_NORMAL},
    [PAINT_TAB_HERE] = {A_BOLD | A_UNDERLINE, -1, -1, -1, -1, A_BOLD | A_UNDERLINE},
    [PAINT_TITLE] = {A_BOLD, 31, COLOR_CYAN, -1, -1, A_BOLD},
    [PAINT_SORTED] = {A_BOLD | A_UNDERLINE, 31, COLOR_CYAN, -1, -1, A_BOLD | A_UNDERLINE},
    [PAINT_SELECTED] = {A_NORMAL, 231, COLOR_WHITE, 24, COLOR_BLUE, A_REVERSE},
    [PAINT_BAR] = {A_NORMAL, 67, COLOR_BLUE, -1, -1, A_NORMAL},
    [PAINT_GROWTH] = {A_NORMAL, 167, COLOR_RED, -1, -1, A_BOLD},
    [PAINT_SHRINKING] = {A_NORMAL, 65, COLOR_GREEN, -1, -1, A_NORMAL},
    [PAINT_KEY] = {A_BOLD, -1, -1, -1, -1, A_BOLD},
    [PAINT_HINT] = {A_NORMAL, 244, -1, -1, -1, A_NORMAL},
};

static bool wants_colors(enum terminal_colors colors) {
    const char *no_color = getenv("NO_COLOR");
    if (colors == TERMINAL_COLORS_NEVER ||
        (colors == TERMINAL_COLORS_AUTO && no_color && *no_color))
        return false;
    return has_colors();
}

static void set_looks(enum terminal_colors colors) {
    bool colored = wants_colors(colors) && start_color() == OK && use_default_colors() == OK &&
                   COLORS >= 8; /* start_color sets it */
    short next = 1;
    for (int paint = 0; paint < PAINTS; paint++) {
        const struct look *look = &looks[paint];
        bool many = colored && COLORS >= 256;
        short foreground = many ? look->color256 : look->color8;
        short background = many ? look->background256 : look->background8;
        terminal.pairs[paint] = 0;
        terminal.attributes[paint] = colored ? look->attributes : look->plain;
        if (colored && (foreground >= 0 || background >= 0) && next < COLOR_PAIRS) {
            init_pair(next, foreground, background);
            terminal.pairs[paint] = next++;
        } else if (colored && !many && paint == PAINT_FAINT) {
            terminal.attributes[paint] |= A_DIM;
        }
    }
}

/* ---- ways out ----------------------------------------------------------------------------------- */

/* Only functions that a signal handler may call. */
static void crash(int number) {
    ssize_t written = write(STDOUT_FILENO, terminal.restore, terminal.restore_length);
    (void)written;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.saved);
    raise(number); /* the handler is gone by now (SA_RESETHAND): the usual end */
}

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

static void catch_crashes(bool on) {
    static char stack[1 << 16]; /* for the crash of a stack that is full */
    const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternative, NULL);
    const struct sigaction action = {.sa_handler = on ? crash : SIG_DFL,
                                     .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigaction(crashes[i], &action, NULL);
}

static void prepare_ways_out(void) {
    static const char mouse_off[] = "\033[?1006l\033[?1000l";
    struct strbuf restore = {0};
    strbuf_puts(&restore, terminal.mouse ? mouse_off : "");
    terminfo_restore(&restore);
    terminal.restore_length = restore.length < RESTORE_SIZE ? restore.length : 0;
    memcpy(terminal.restore, strbuf_text(&restore), terminal.restore_length);
    strbuf_free(&restore);
    catch_crashes(true);
}

/* ---- signals ------------------------------------------------------------------------------------ */

/* Never runs: the signal is blocked. Where curses finds SIGTSTP's default action, it ignores the signal while it draws, and
 * the kernel forgets one that waits for us. */
static void leave_to_us(int number) {
    (void)number;
}

static struct err *take_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT};
    sigemptyset(&terminal.blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&terminal.blocked, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &terminal.blocked, &terminal.before);
    terminal.signals = signalfd(-1, &terminal.blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    return terminal.signals < 0 ? err_errno(ERR_FAILED, errno, "signalfd") : NULL;
}

int terminal_signals(void) {
    return terminal.signals;
}

int terminal_signal(void) {
    struct signalfd_siginfo info;
    ssize_t got = read(terminal.signals, &info, sizeof info);
    return got == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

/* ---- opening and closing ------------------------------------------------------------------------- */

/* Where nothing is said of the character set, as in most containers, it is UTF-8. */
static void set_locale(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    bool said = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        said |= value && *value;
    }
    if (!setlocale(LC_CTYPE, "") || !said)
        setlocale(LC_CTYPE, "C.UTF-8");
    const char *term = getenv("TERM");
    terminal.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8") && term && strcmp(term, "linux") != 0;
}

static struct err *check(void) {
    const char *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        return err_new(ERR_USAGE,
                       "standard %s is no terminal; heapglass top SOURCE prints to files and pipes",
                       isatty(STDOUT_FILENO) ? "input" : "output");
    if (!term || !*term)
        return err_new(ERR_USAGE, "TERM is not set, so that it is not known how to draw on this "
                                  "terminal; set it, or use heapglass top");
    switch (terminfo_look(STDOUT_FILENO)) {
    case TERMINFO_UNKNOWN:
        return err_new(ERR_USAGE,
                       "the terminal '%s' is not in the terminfo database; set TERM to one "
                       "that is (xterm, vt100), or use heapglass top",
                       term);
    case TERMINFO_DUMB:
        return err_new(ERR_USAGE,
                       "the terminal '%s' cannot place its cursor; set TERM to what it is, "
                       "or use heapglass top",
                       term);
    case TERMINFO_FINE:
        break;
    }
    return NULL;
}

/* What many terminals send that say that they are an xterm, beside what xterm does. */
static void define_keys(void) {
    static const struct {
        const char *sequence;
        int code;
    } keys[] = {
        {"\033[A", KEY_UP},   {"\033[B", KEY_DOWN},  {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT},
        {"\033[H", KEY_HOME}, {"\033[1~", KEY_HOME}, {"\033[7~", KEY_HOME}, {"\033[F", KEY_END},
        {"\033[4~", KEY_END}, {"\033[8~", KEY_END},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!key_defined(keys[i].sequence))
            define_key(keys[i].sequence, keys[i].code);
    }
}

static void set_modes(void) {
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    leaveok(stdscr, FALSE);
    curs_set(0);
    set_escdelay(ESCAPE_DELAY);
    define_keys();
    if (terminal.mouse) {
        mouseinterval(0);
        mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    }
}

/* The terminal once more, to read without waiting: after a mouse event that nobody asked for ncurses reads on,
 * whatever nodelay says, and that must not be how standard input is for those who share it. */
static FILE *open_keys(void) {
    int fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    FILE *keys = fd < 0 ? NULL : fdopen(fd, "r");
    if (!keys && fd >= 0)
        close(fd);
    return keys;
}

struct err *terminal_open(const struct terminal_options *options) {
    set_locale();
    TRY(check());
    if (tcgetattr(STDIN_FILENO, &terminal.saved))
        return err_errno(ERR_FAILED, errno, "the terminal's settings");
    TRY(take_signals());
    terminal.mouse = options->mouse;
    terminal.keys = open_keys();
    signal(SIGTSTP, leave_to_us);
    terminal.screen = newterm(NULL, stdout, terminal.keys ? terminal.keys : stdin);
    if (!terminal.screen)
        return err_new(ERR_FAILED, "the terminal could not be set up");
    terminal.open = true;
    set_term(terminal.screen);
    set_modes();
    set_looks(options->colors);
    prepare_ways_out();
    return NULL;
}

void terminal_close(void) {
    if (terminal.open) {
        catch_crashes(false);
        endwin();
        delscreen(terminal.screen);
        if (terminal.keys)
            fclose(terminal.keys);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.saved);
        terminal.open = false;
    }
    if (terminal.signals >= 0) {
        close(terminal.signals);
        terminal.signals = -1;
        pthread_sigmask(SIG_SETMASK, &terminal.before, NULL);
    }
}

void terminal_suspend(void) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    endwin();
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP); /* is blocked, so that it waits until here */
    pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGTSTP, leave_to_us);
    terminal_resize();
    terminal_redraw();
}

void terminal_resize(void) {
    struct winsize size;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
        resizeterm(size.ws_row, size.ws_col);
}

void terminal_redraw(void) {
    clearok(curscr, TRUE);
    refresh();
}

unsigned terminal_rows(void) {
    return (unsigned)LINES;
}

unsigned terminal_columns(void) {
    return (unsigned)COLS;
}

bool terminal_shows_unicode(void) {
    return terminal.unicode;
}

/* ---- drawing ------------------------------------------------------------------------------------ */

void terminal_clear(void) {
    erase();
    curs_set(0);
}

static void paint_on(enum paint paint) {
    attr_set(terminal.attributes[paint], terminal.pairs[paint], NULL);
}

unsigned terminal_text(unsigned row, unsigned column, unsigned columns, enum paint paint,
                       const char *text) {
    struct strbuf fitting = {0};
    if (row >= terminal_rows() || column >= terminal_columns() || !columns)
        return 0;
    if (columns > terminal_columns() - column)
        columns = terminal_columns() - column;
    size_t taken = terminal.unicode ? width_add_fitting(&fitting, text, columns, false)
                                    : width_add_fitting_ascii(&fitting, text, columns, false);
    paint_on(paint);
    mvaddstr((int)row, (int)column, strbuf_text(&fitting));
    attr_set(A_NORMAL, 0, NULL);
    strbuf_free(&fitting);
    return (unsigned)taken;
}

void terminal_repaint(unsigned row, unsigned column, unsigned columns, enum paint paint) {
    if (row < terminal_rows() && column < terminal_columns())
        mvchgat((int)row, (int)column, (int)columns, terminal.attributes[paint],
                terminal.pairs[paint], NULL);
}

void terminal_cursor(unsigned row, unsigned column) {
    curs_set(1);
    move((int)row, (int)column);
}

void terminal_show(void) {
    refresh();
}

/* ---- input -------------------------------------------------------------------------------------- */

static struct key mouse_key(void) {
    MEVENT event;
    struct key key = {.code = KEY_NOTHING};
    if (getmouse(&event) != OK)
        return key;
    key.code = KEY_CODE_MOUSE;
    key.row = (unsigned)event.y;
    key.column = (unsigned)event.x;
    key.mouse = event.bstate & BUTTON4_PRESSED   ? MOUSE_WHEEL_UP
                : event.bstate & BUTTON5_PRESSED ? MOUSE_WHEEL_DOWN
                                                 : MOUSE_CLICK;
    return key;
}

static int special_code(wint_t code) {
    static const struct {
        wint_t curses;
        int ours;
    } codes[] = {
        {KEY_UP, KEY_CODE_UP},         {KEY_DOWN, KEY_CODE_DOWN},
        {KEY_LEFT, KEY_CODE_LEFT},     {KEY_RIGHT, KEY_CODE_RIGHT},
        {KEY_PPAGE, KEY_CODE_PAGE_UP}, {KEY_NPAGE, KEY_CODE_PAGE_DOWN},
        {KEY_HOME, KEY_CODE_HOME},     {KEY_END, KEY_CODE_END},
        {KEY_ENTER, KEY_CODE_ENTER},   {KEY_BACKSPACE, KEY_CODE_BACKSPACE},
        {KEY_DC, KEY_CODE_DELETE},     {KEY_BTAB, KEY_CODE_BACK_TAB},
        {KEY_RESIZE, KEY_CODE_RESIZE},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].curses == code)
            return codes[i].ours;
    }
    if (code >= KEY_F(1) && code <= KEY_F(12))
        return KEY_CODE_F1 + (int)(code - KEY_F(1));
    return KEY_BASE;
}

static int character_code(wint_t character) {
    switch (character) {
    case '\r':
    case '\n':
        return KEY_CODE_ENTER;
    case '\b':
    case 127:
        return KEY_CODE_BACKSPACE;
    case '\t':
        return KEY_CODE_TAB;
    case 27:
        return KEY_CODE_ESCAPE;
    default:
        return (int)character;
    }
}

struct key terminal_key(void) {
    wint_t code;
    int kind = get_wch(&code);
    if (kind == KEY_CODE_YES && code == KEY_MOUSE)
        return mouse_key();
    if (kind == KEY_CODE_YES)
        return (struct key){.code = special_code(code)};
    if (kind == OK)
        return (struct key){.code = character_code(code)};
    return (struct key){.code = KEY_NOTHING};
}
