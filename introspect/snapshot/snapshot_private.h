/* For the files of this folder: the state of writing and of reading, and the parts that a snapshot is made of.
 * Each file knows one kind of chunk, both ways. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_SNAPSHOT_PRIVATE_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_SNAPSHOT_PRIVATE_H

#include "introspect/heap/heap_private.h"
#include "introspect/snapshot/column.h"
#include "introspect/snapshot/context.h"
#include "introspect/snapshot/snapshot.h"

enum { PART_OBJECTS = 1 << 14 }; /* what the chunks with objects, references, values tell of each */

/* ---- writing --------------------------------------------------------------------------------- */

struct saver {
    const struct heap *heap;
    const struct image *mappings;
    struct snapshot_options options;
    struct chunk_writer writer;
    struct chunk_packer *packer;
    struct packed_chunk packed;
    /* By id, set on many threads: str objects that name attributes; dicts whose keys do, or whose values are
     * such dicts. */
    struct bitmap names, namespaces, thread_locals;
    /* By type id. */
    bool *may_be_pending; /* generators, weak references */
    bool *are_functions;
};

struct err *save_chunk(struct saver *saver, const char *tag, uint64_t number,
                       const struct column_buffer *buffer) ERR_CHECK;

/* A table that grows row by row, in as many chunks as it takes. */
struct rows {
    struct saver *saver;
    const char *tag;
    uint64_t number; /* of the next chunk */
    struct column_buffer buffer;
    struct err *err;
};

/* Where the next row goes. */
struct column_buffer *rows_next(struct rows *rows);
/* Writes what is left; returns the first error. */
struct err *rows_finish(struct rows *rows) ERR_CHECK;

/* What one thread needs to write parts. */
struct part_saver {
    struct saver *saver;
    struct chunk_packer *packer;
    struct column_buffer buffer, texts;
    struct contexts *contexts;
    struct part_scratch *scratch;
    struct reference_scratch *references;
    struct err *err;
};

struct reference_scratch *reference_scratch_new(void); /* NULL without memory */
void reference_scratch_free(struct reference_scratch *scratch);

/* Objects [first, last) as the payload of a chunk. */
void objects_encode(struct part_saver *part, uint32_t first, uint32_t last);
void references_encode(struct part_saver *part, uint32_t first, uint32_t last);
void values_encode(struct part_saver *part, uint32_t first, uint32_t last);

struct err *types_save(struct saver *saver) ERR_CHECK;
struct err *layout_save(struct saver *saver) ERR_CHECK;
struct err *totals_save(struct saver *saver, const struct facts *facts) ERR_CHECK;
struct err *roots_save(struct saver *saver) ERR_CHECK;
struct err *stacks_save(struct saver *saver) ERR_CHECK;
struct err *names_save(struct saver *saver) ERR_CHECK; /* after all references */

/* Whether what a LABEL_FIELD leads to is a dict whose keys are names, or one of such dicts. */
enum namespace_kind { NAMESPACE_NONE, NAMESPACE_OF_KEYS, NAMESPACE_OF_THREADS };
enum namespace_kind namespace_kind(const char *field);
/* To be told of each such dict. Thread-safe. */
void namespace_note(struct saver *saver, enum namespace_kind kind, uint32_t dict);

/* ---- reading --------------------------------------------------------------------------------- */

/* These three begin with what they are sorted by. */
struct named_text {
    uint32_t id;
    const char *text;
};

/* What the entries of a function's closure, of its defaults are called. */
struct function_names {
    uint32_t id;
    uint32_t closure_count, default_count;
    const char **names; /* first those of the closure */
};

struct reference_part;
struct value_part;

struct snapshot {
    struct chunk_index index;
    struct chunk_unpacker *unpacker; /* while it is opened */
    struct snapshot_options options;
    struct heap *heap;
    struct image *image;
    struct facts facts, totals;
    struct layout *layout; /* NULL until it is asked for */
    struct arena memory;
    struct stacks stacks;
    struct vec(struct root) roots;
    struct vec(struct named_text) names; /* by id */
    struct vec(struct function_names) functions;
    int64_t *interpreters; /* by id; NULL if there is only one */
    size_t part_count;
    struct reference_part **references; /* as they are asked for */
    struct value_part **values;
    struct err *error;
    bool out_of_memory;
};

/* An escaped copy of a text, which lives as long as `memory`; "" after a failure. */
const char *take_text(struct column_reader *reader, struct arena *memory);

/* Calls `row` until every chunk of the tag is used up. */
typedef void read_row(struct snapshot *snapshot, struct column_reader *reader);
struct err *rows_read(struct snapshot *snapshot, const char *tag, read_row *row) ERR_CHECK;

struct err *types_load(struct snapshot *snapshot) ERR_CHECK;
struct err *totals_load(struct snapshot *snapshot) ERR_CHECK;
struct err *objects_load(struct snapshot *snapshot) ERR_CHECK;
struct err *roots_load(struct snapshot *snapshot) ERR_CHECK;
struct err *stacks_load(struct snapshot *snapshot) ERR_CHECK;
struct err *names_load(struct snapshot *snapshot) ERR_CHECK;

/* The steps of opening. One without an index, and its totals; then the rest but for parts, whose references and values
 * are read one by one. */
struct err *snapshot_new(const struct snapshot_options *options, struct snapshot **ret) ERR_CHECK;
struct err *snapshot_load_totals(struct snapshot *snapshot) ERR_CHECK;
struct err *snapshot_load_objects(struct snapshot *snapshot) ERR_CHECK;
extern const char *const snapshot_tags[]; /* those that we know; ends with NULL */

/* Keeps the first error of what was read later. */
void snapshot_failed(struct snapshot *snapshot, struct err *err);

extern const struct heap_provider snapshot_provider;

/* The references of one part, with what names them. */
struct reference_part {
    uint32_t *first;     /* of each object's references; one more at the end */
    uint32_t *targets;   /* ids; HEAP_NONE: see `outside` */
    uint8_t *kinds;      /* properties and label */
    uint64_t *arguments; /* as in struct reference */
    struct vec(struct outside) outside;
    struct arena texts;
};

struct outside {
    uint32_t position;
    uint64_t address;
};

struct err *references_read(const struct snapshot *snapshot, size_t part,
                            struct reference_part **ret) ERR_CHECK;
void reference_part_free(struct reference_part *part); /* NULL is fine */

enum { KIND_PROPERTIES = 15, KIND_LABEL_SHIFT = 4 };

/* The previews of one part. */
struct value_part {
    uint32_t count;
    uint64_t *first; /* of each object's text; one more at the end */
    char *texts;
};

struct err *values_read(const struct snapshot *snapshot, size_t part,
                        struct value_part **ret) ERR_CHECK;
void value_part_free(struct value_part *part);

#endif
