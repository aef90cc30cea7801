/* Types whose C structure says little or nothing: AST nodes, abc's data, tokens, random numbers,
 * digests (Python/Python-ast.c, Modules/_abc.c, Python/Python-tokenize.c, ...). */
#include "introspect/objects/fields.h"

/* A node is nothing but its __dict__. */
FIELDS_DECODER(ast_node, TYPES("ast.AST", "_ast.AST"),
               OWNS(ast_node, dict, REFERENCE_STRONG, ".__dict__"));

FIELDS_DECODER(abc_data, TYPES("_abc._abc_data", "_abc_data"),
               OWNS(abc_data, registry, REFERENCE_STRONG, "->_abc_registry"),
               OWNS(abc_data, cache, REFERENCE_STRONG, "->_abc_cache"),
               OWNS(abc_data, negative_cache, REFERENCE_STRONG, "->_abc_negative_cache"));

FIELDS_DECODER(tokenizer_iterator, TYPES("_tokenize.TokenizerIter"),
               OWNS(tokenizer_iterator, last_line, REFERENCE_UNTRAVERSED, "->last_line"));

PLAIN_DECODER(unicodedata_version, TYPES("unicodedata.UCD"), NULL);

/* Numbers only, at sizes that do not matter: any instance is big enough. */
static uint32_t object_least_size(const struct layout *layout) {
    return layout->object.size;
}

static const struct decoder numbers_decoder = {
    .name = "numbers",
    .types = TYPES("_random.Random", "_md5.md5", "_sha1.sha1", "_sha256.sha224", "_sha256.sha256",
                   "_sha512.sha384", "_sha512.sha512", "_sha2.SHA224Type", "_sha2.SHA256Type",
                   "_sha2.SHA384Type", "_sha2.SHA512Type"),
    .least_size = object_least_size,
    .bigger_types = true,
};

extern const struct decoder *const ast_abc_decoders[];
const struct decoder *const ast_abc_decoders[] = {
    &ast_node_decoder,
    &abc_data_decoder,
    &tokenizer_iterator_decoder,
    &unicodedata_version_decoder,
    &numbers_decoder,
    NULL,
};
