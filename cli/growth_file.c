#include "cli/growth_file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

/* ---- writing --------------------------------------------------------------------------------- */

struct growth_file {
    const char *path;
    bool any;
    struct output output;
};

struct err *growth_file_create(const char *path, struct growth_file **ret) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_new(ERR_USAGE, "%s is there already, and no series is overwritten", path);
    if (fd < 0)
        return err_errno(ERR_FAILED, errno, "can't create %s", path);
    struct growth_file *file = malloc(sizeof *file);
    if (!file) {
        close(fd);
        unlink(path);
        return err_no_memory();
    }
    file->path = path;
    file->any = false;
    output_open(&file->output, fd, NULL);
    *ret = file;
    return NULL;
}

struct err *growth_file_add(struct growth_file *file, const struct report *report) {
    static const struct format_options options = {0};
    TRY(report_write(report, format_find("json"), &options, &file->output));
    TRY(err_context(output_flush(&file->output), "%s", file->path));
    file->any = true;
    return NULL;
}

void growth_file_close(struct growth_file *file) {
    if (!file)
        return;
    close(file->output.fd);
    if (!file->any)
        unlink(file->path);
    free(file);
}

/* ---- reading: nothing in the file is believed --------------------------------------------------- */

enum {
    LINE_MAX_BYTES = 16 << 20, /* the first round of a program with very many types takes 3 MB */
    TEXT_MAX_BYTES = 4096,
};

/* No count, and no amount, is larger; sums over all types then fit a number. */
#define MOST ((json_int_t)1 << 48)

struct reader {
    const char *path;
    FILE *stream;
    char *line;
    size_t capacity;
    unsigned long number;
    bool ended; /* by its summary */
    bool cut;   /* in its last line */
    struct growth *growth;
};

static void cleanup_reader(struct reader *reader) {
    if (reader->stream)
        fclose(reader->stream);
    free(reader->line);
}

static void cleanup_json(json_t **json) {
    json_decref(*json);
}

static struct err *damaged(const struct reader *reader, const char *what) {
    if (reader->number <= 1)
        return err_new(ERR_DAMAGED_FILE, "%s is no series of heapglass growth: %s", reader->path,
                       what);
    return err_new(ERR_DAMAGED_FILE, "%s, line %lu: %s", reader->path, reader->number, what);
}

static bool take_count(const json_t *object, const char *key, uint64_t *ret) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > MOST)
        return false;
    *ret = (uint64_t)json_integer_value(value);
    return true;
}

static bool take_seconds(const json_t *object, const char *key, double *ret) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value) || !(json_number_value(value) >= 0) ||
        !(json_number_value(value) < 1e12))
        return false;
    *ret = json_number_value(value);
    return true;
}

/* A text that is fit for a terminal, whatever the file says; NULL if it is none. */
static char *take_text(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    struct strbuf text = {0};
    if (!json_is_string(value))
        return NULL;
    strbuf_add_escaped(&text, json_string_value(value), json_string_length(value), TEXT_MAX_BYTES);
    if (text.failed) {
        strbuf_free(&text);
        return NULL;
    }
    return text.text ? text.text : strdup("");
}

static bool take_pid(const json_t *object, const char *key, pid_t *ret) {
    uint64_t number = 0;
    if (!take_count(object, key, &number) || number > INT32_MAX)
        return false;
    *ret = (pid_t)number;
    return true;
}

static struct err *take_envelope(struct reader *reader, const json_t *line) {
    static const char schema[] = "heapglass.growth/";
    struct growth *growth = reader->growth;
    const json_t *source = json_object_get(line, "source");
    const char *name = json_string_value(json_object_get(line, "schema"));
    if (!name || strncmp(name, schema, strlen(schema)) != 0)
        return damaged(reader, "its first line has not that schema");
    if (strcmp(name + strlen(schema), "1") != 0)
        return damaged(reader, "another version of heapglass wrote it");
    growth->command = take_text(source, "command");
    growth->python = take_text(source, "python");
    if (!growth->command || !growth->python || !take_pid(source, "pid", &growth->pid) ||
        !take_pid(source, "inner_pid", &growth->inner_pid) ||
        !take_seconds(line, "every_seconds", &growth->every))
        return damaged(reader, "its first line does not say of what it is");
    return NULL;
}

static bool take_measures(const json_t *line, uint64_t measures[MEASURES]) {
    const json_t *split = json_object_get(line, "memory");
    return take_count(line, "objects", &measures[MEASURE_OBJECTS]) &&
           take_count(line, "footprint", &measures[MEASURE_FOOTPRINT]) &&
           take_count(line, "uss_bytes", &measures[MEASURE_USS]) &&
           take_count(line, "swap_bytes", &measures[MEASURE_SWAP]) &&
           take_count(json_object_get(line, "cgroup"), "current", &measures[MEASURE_CGROUP]) &&
           take_count(split, "rss", &measures[MEASURE_RSS]) &&
           take_count(split, "objects", &measures[MEASURE_SPLIT_OBJECTS]) &&
           take_count(split, "pymalloc_free", &measures[MEASURE_SPLIT_FREE]) &&
           take_count(split, "other_anonymous", &measures[MEASURE_SPLIT_OTHER]) &&
           take_count(split, "files", &measures[MEASURE_SPLIT_FILES]) &&
           take_count(split, "rest", &measures[MEASURE_SPLIT_REST]);
}

static struct err *take_type(struct reader *reader, const json_t *row) {
    struct series *series = &reader->growth->series;
    uint64_t objects = 0, footprint = 0;
    _cleanup_(cleanup_free) char *name = take_text(row, "type");
    if (!name || !take_count(row, "after", &objects) || !take_count(row, "footprint", &footprint))
        return damaged(reader, "a type is not as it should be");
    return series_is_set(series, name) ? damaged(reader, "it has a type twice")
                                       : series_set(series, name, objects, footprint);
}

/* What take_text gives, owned by the series; NULL, too, if there is none. */
static const char *take_owned_text(struct growth *growth, const json_t *object, const char *key) {
    _cleanup_(cleanup_free) char *text = take_text(object, key);
    return text ? arena_strdup(&growth->texts, text) : NULL;
}

static bool take_container(struct growth *growth, const json_t *row,
                           struct container_change *change) {
    const char *address = json_string_value(json_object_get(row, "address"));
    struct err *err = address ? parse_address(address, &change->address) : NULL;
    bool good = !err;
    err_free(err);
    change->type = take_owned_text(growth, row, "type");
    change->has_entries = json_is_integer(json_object_get(row, "before"));
    good = good && change->type && take_count(row, "containers", &change->containers) &&
           take_count(row, "held_before", &change->held_before) &&
           take_count(row, "held_after", &change->held_after) &&
           (!change->has_entries || (take_count(row, "before", &change->entries_before) &&
                                     take_count(row, "after", &change->entries_after)));
    change->path = good ? take_text(row, "path") : NULL;
    return change->path != NULL;
}

/* The newest round's are those of all rounds. */
static struct err *take_containers(struct reader *reader, const json_t *rows) {
    struct growth *growth = reader->growth;
    struct container_changes *changes = &growth->changes;
    if (!rows)
        return NULL;
    container_changes_free(changes);
    arena_clear(&growth->texts);
    growth->has_containers = true;
    if (!json_is_array(rows))
        return damaged(reader, "its containers are no list");
    changes->items = calloc(json_array_size(rows) + 1, sizeof *changes->items);
    if (!changes->items)
        return err_no_memory();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (!take_container(growth, json_array_get(rows, i), &changes->items[i]))
            return damaged(reader, "a container is not as it should be");
        changes->count++;
    }
    return NULL;
}

static struct err *take_round(struct reader *reader, const json_t *line) {
    struct growth *growth = reader->growth;
    struct growth_round *round = &growth->round;
    const json_t *types = json_object_get(line, "types"), *row;
    const char *taken = json_string_value(json_object_get(line, "taken_at"));
    uint64_t number = 0;
    double before = round->seconds;
    size_t index;
    if (!take_count(line, "round", &number) || number != growth->series.rounds + 1 ||
        !take_seconds(line, "seconds", &round->seconds) || round->seconds < before ||
        !take_measures(line, round->measures) || !json_is_array(types) || !taken)
        return damaged(reader, "it is no round, or not the next one");
    struct tm utc = {0};
    const char *end = strptime(taken, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (!end || *end)
        return damaged(reader, "it is no round, or not the next one");
    round->taken_at.tv_sec = timegm(&utc);
    if (number == 1)
        growth->first_taken_at = round->taken_at;
    TRY(series_begin(&growth->series, round->seconds, round->measures));
    json_array_foreach(types, index, row) {
        TRY(take_type(reader, row));
    }
    TRY(series_end(&growth->series, false));
    return take_containers(reader, json_object_get(line, "containers"));
}

static struct err *take_summary(struct reader *reader, const json_t *summary) {
    struct growth *growth = reader->growth;
    const char *end = json_string_value(json_object_get(summary, "end"));
    reader->ended = true;
    for (int i = GROWTH_ROUNDS; end && i <= GROWTH_SIGNAL; i++) {
        if (!strcmp(end, growth_end_word((enum growth_end)i)))
            growth->end = (enum growth_end)i;
    }
    free(growth->met);
    growth->met = take_text(summary, "met");
    if (!take_count(summary, "skipped", &growth->skipped) ||
        !take_count(summary, "failed", &growth->failed))
        return damaged(reader, "it is no summary");
    return take_containers(reader, json_object_get(summary, "containers"));
}

/* The next line without its end; false at the end of the file. */
static struct err *next_line(struct reader *reader, ssize_t *length) {
    size_t used = 0;
    int byte;
    reader->number++;
    while ((byte = getc_unlocked(reader->stream)) != EOF && byte != '\n') {
        if (used == LINE_MAX_BYTES)
            return damaged(reader, "a line is longer than any that heapglass writes");
        if (used == reader->capacity) {
            size_t larger = reader->capacity ? 2 * reader->capacity : 4096;
            char *moved = realloc(reader->line, larger);
            if (!moved)
                return err_no_memory();
            reader->line = moved;
            reader->capacity = larger;
        }
        reader->line[used++] = (char)byte;
    }
    if (ferror(reader->stream))
        return err_errno(ERR_FAILED, errno, "can't read %s", reader->path);
    reader->cut = byte == EOF && used;
    *length = byte == EOF && !used ? -1 : (ssize_t)used;
    return NULL;
}

static struct err *take_line(struct reader *reader, size_t length) {
    _cleanup_(cleanup_json) json_t *line =
        json_loadb(reader->line ? reader->line : "", length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *summary = json_object_get(line, "summary");
    if (!line && reader->cut && reader->number > 1)
        return NULL; /* it was interrupted just there */
    if (!json_is_object(line))
        return damaged(reader, "it is no JSON");
    if (reader->ended)
        return damaged(reader, "there is more behind its summary");
    if (reader->number == 1)
        return take_envelope(reader, line);
    return summary ? take_summary(reader, summary) : take_round(reader, line);
}

static struct err *open_series(struct reader *reader) {
    struct stat status;
    int fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    reader->stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (!reader->stream) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return err_errno(ERR_FAILED, number, "can't open %s", reader->path);
    }
    return fstat(fd, &status) || !S_ISREG(status.st_mode) ? damaged(reader, "it is no plain file")
                                                          : NULL;
}

struct err *growth_file_read(const char *path, struct growth *growth) {
    _cleanup_(cleanup_reader) struct reader reader = {.path = path, .growth = growth};
    TRY(open_series(&reader));
    for (;;) {
        ssize_t length = 0;
        TRY(next_line(&reader, &length));
        if (length < 0)
            break;
        TRY(take_line(&reader, (size_t)length));
    }
    if (!growth->series.rounds)
        return damaged(&reader, "it has no rounds");
    return NULL;
}
