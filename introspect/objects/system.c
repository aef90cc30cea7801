/* Of the operating system: directory entries, memory maps, semaphores (Modules/posixmodule.c,
 * Modules/mmapmodule.c, Modules/_multiprocessing/semaphore.c). */
#include "introspect/objects/fields.h"

FIELDS_DECODER(dir_entry, TYPES("posix.DirEntry"),
               OWNS(dir_entry, name, REFERENCE_UNTRAVERSED, ".name"),
               OWNS(dir_entry, path, REFERENCE_UNTRAVERSED, ".path"),
               OWNS(dir_entry, stat, REFERENCE_UNTRAVERSED, "->stat"),
               OWNS(dir_entry, lstat, REFERENCE_UNTRAVERSED, "->lstat"));

FIELDS_DECODER(scandir_iterator, TYPES("posix.ScandirIterator"),
               OWNS(scandir_iterator, path_object, REFERENCE_UNTRAVERSED, "->path.object"),
               OWNS(scandir_iterator, path_cleanup, REFERENCE_UNTRAVERSED, "->path.cleanup"));

/* The mapping itself is no allocation of Python's. */
STRUCTURE_SIZE(mmap);

static void mmap_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '[', object_unsigned(object, decode->layout->mmap.length), "byte", ']');
}

static const struct decoder mmap_decoder = {
    .name = "mmap",
    .types = TYPES("mmap.mmap"),
    .least_size = mmap_least_size,
    .preview = mmap_preview,
};

static void sem_lock_measure(struct decode *decode, const struct object *object,
                             struct measure *measure) {
    (void)measure;
    buffer_add_string(decode, object_pointer(object, decode->layout->sem_lock.name));
}

PLAIN_DECODER(sem_lock, TYPES("_multiprocessing.SemLock"), sem_lock_measure);

extern const struct decoder *const system_decoders[];
const struct decoder *const system_decoders[] = {
    &dir_entry_decoder, &scandir_iterator_decoder, &mmap_decoder, &sem_lock_decoder, NULL,
};
