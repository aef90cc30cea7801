/* zlib, bz2, lzma: their objects are not of the GC; what the libraries allocate for a stream is
 * nobody's here (Modules/zlibmodule.c, Modules/_bz2module.c, Modules/_lzmamodule.c). Hash objects:
 * they own no objects (Modules/_hashopenssl.c, Modules/_sha3/, ...). */
#include "introspect/objects/fields.h"

/* Defines <structure>_measure of a structure with a lock. */
#define MEASURE_LOCK(structure)                                                                    \
    static void structure##_measure(struct decode *decode, const struct object *object,            \
                                    struct measure *measure) {                                     \
        (void)measure;                                                                             \
        buffer_add_lock(decode, object_pointer(object, decode->layout->structure.lock));           \
    }                                                                                              \
    _Static_assert(1, "")

/* The same with a buffer of input that waits. */
#define MEASURE_LOCK_AND_INPUT(structure)                                                          \
    static void structure##_measure(struct decode *decode, const struct object *object,            \
                                    struct measure *measure) {                                     \
        (void)measure;                                                                             \
        const struct layout *layout = decode->layout;                                              \
        buffer_add_lock(decode, object_pointer(object, layout->structure.lock));                   \
        buffer_add_array(decode, object_pointer(object, layout->structure.input_buffer),           \
                         object_unsigned(object, layout->structure.input_buffer_size), 1,          \
                         #structure);                                                              \
    }                                                                                              \
    _Static_assert(1, "")

#define OWNING_DECODER(structure, type_names)                                                      \
    static const struct decoder structure##_decoder = {                                            \
        .name = #structure,                                                                        \
        .types = type_names,                                                                       \
        .least_size = structure##_least_size,                                                      \
        .references = structure##_references,                                                      \
        .measure = structure##_measure,                                                            \
    }

FIELDS(zlib_stream, OWNS(zlib_stream, unused_data, REFERENCE_UNTRAVERSED, ".unused_data"),
       OWNS(zlib_stream, unconsumed_tail, REFERENCE_UNTRAVERSED, ".unconsumed_tail"),
       OWNS(zlib_stream, zdict, REFERENCE_UNTRAVERSED, "->zdict"));
MEASURE_LOCK(zlib_stream);
OWNING_DECODER(zlib_stream, TYPES("zlib.Compress", "zlib.Decompress"));

FIELDS(zlib_decompressor,
       OWNS(zlib_decompressor, unused_data, REFERENCE_UNTRAVERSED, ".unused_data"),
       OWNS(zlib_decompressor, zdict, REFERENCE_UNTRAVERSED, "->zdict"));
MEASURE_LOCK_AND_INPUT(zlib_decompressor);
OWNING_DECODER(zlib_decompressor, TYPES("zlib._ZlibDecompressor"));

MEASURE_LOCK(bz2_compressor);
PLAIN_DECODER(bz2_compressor, TYPES("_bz2.BZ2Compressor"), bz2_compressor_measure);

FIELDS(bz2_decompressor,
       OWNS(bz2_decompressor, unused_data, REFERENCE_UNTRAVERSED, ".unused_data"));
MEASURE_LOCK_AND_INPUT(bz2_decompressor);
OWNING_DECODER(bz2_decompressor, TYPES("_bz2.BZ2Decompressor"));

MEASURE_LOCK(lzma_compressor);
PLAIN_DECODER(lzma_compressor, TYPES("_lzma.LZMACompressor"), lzma_compressor_measure);

FIELDS(lzma_decompressor,
       OWNS(lzma_decompressor, unused_data, REFERENCE_UNTRAVERSED, ".unused_data"));
MEASURE_LOCK_AND_INPUT(lzma_decompressor);
OWNING_DECODER(lzma_decompressor, TYPES("_lzma.LZMADecompressor"));

/* ---- hashes ---------------------------------------------------------------------------------- */

MEASURE_LOCK(hashlib_evp);
PLAIN_DECODER(hashlib_evp, TYPES("_hashlib.HASH", "_hashlib.HASHXOF"), hashlib_evp_measure);

MEASURE_LOCK(hashlib_hmac);
PLAIN_DECODER(hashlib_hmac, TYPES("_hashlib.HMAC"), hashlib_hmac_measure);

MEASURE_LOCK(hashlib_sha3);
PLAIN_DECODER(hashlib_sha3,
              TYPES("_sha3.sha3_224", "_sha3.sha3_256", "_sha3.sha3_384", "_sha3.sha3_512",
                    "_sha3.shake_128", "_sha3.shake_256"),
              hashlib_sha3_measure);

MEASURE_LOCK(hashlib_blake2b);
PLAIN_DECODER(hashlib_blake2b, TYPES("_blake2.blake2b"), hashlib_blake2b_measure);

MEASURE_LOCK(hashlib_blake2s);
PLAIN_DECODER(hashlib_blake2s, TYPES("_blake2.blake2s"), hashlib_blake2s_measure);

extern const struct decoder *const compression_decoders[];
const struct decoder *const compression_decoders[] = {
    &zlib_stream_decoder,      &zlib_decompressor_decoder, &bz2_compressor_decoder,
    &bz2_decompressor_decoder, &lzma_compressor_decoder,   &lzma_decompressor_decoder,
    &hashlib_evp_decoder,      &hashlib_hmac_decoder,      &hashlib_sha3_decoder,
    &hashlib_blake2b_decoder,  &hashlib_blake2s_decoder,   NULL,
};
