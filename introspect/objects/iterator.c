/* Iterators, views and slices of the built-in types: a few pointers each. */
#include "introspect/objects/fields.h"

FIELDS_DECODER(slice, TYPES("slice"), OWNS(slice, start, REFERENCE_STRONG, ".start"),
               OWNS(slice, stop, REFERENCE_STRONG, ".stop"),
               OWNS(slice, step, REFERENCE_STRONG, ".step"));

/* ---- range: of ints only, not of the GC ------------------------------------------------------ */

FIELDS_DECODER(range, TYPES("range"), OWNS(range, start, REFERENCE_UNTRAVERSED, ".start"),
               OWNS(range, stop, REFERENCE_UNTRAVERSED, ".stop"),
               OWNS(range, step, REFERENCE_UNTRAVERSED, ".step"),
               OWNS(range, length, REFERENCE_UNTRAVERSED, "->length"));

FIELDS_DECODER(long_range_iterator, TYPES("longrange_iterator"),
               OWNS(long_range_iterator, index, REFERENCE_UNTRAVERSED, "->index"),
               OWNS(long_range_iterator, start, REFERENCE_UNTRAVERSED, "->start"),
               OWNS(long_range_iterator, step, REFERENCE_UNTRAVERSED, "->step"),
               OWNS(long_range_iterator, len, REFERENCE_UNTRAVERSED, "->len"));

PLAIN_DECODER(range_iterator, TYPES("range_iterator"), NULL);

/* ---- builtins -------------------------------------------------------------------------------- */

FIELDS_DECODER(enumerate, TYPES("enumerate"), OWNS(enumerate, en_sit, REFERENCE_STRONG, "->en_sit"),
               OWNS(enumerate, en_result, REFERENCE_STRONG, "->en_result"),
               OWNS(enumerate, en_longindex, REFERENCE_STRONG, "->en_longindex"),
               OWNS(enumerate, one, REFERENCE_RETAINS, "->one")); /* a static int, not counted */

FIELDS_DECODER(reversed, TYPES("reversed"), OWNS(reversed, seq, REFERENCE_STRONG, "->seq"));

FIELDS_DECODER(zip, TYPES("zip"), OWNS(zip, ittuple, REFERENCE_STRONG, "->ittuple"),
               OWNS(zip, result, REFERENCE_STRONG, "->result"));

FIELDS_DECODER(map, TYPES("map"), OWNS(map, iters, REFERENCE_STRONG, "->iters"),
               OWNS(map, func, REFERENCE_STRONG, "->func"));

FIELDS_DECODER(filter, TYPES("filter"), OWNS(filter, it, REFERENCE_STRONG, "->it"),
               OWNS(filter, func, REFERENCE_STRONG, "->func"));

FIELDS_DECODER(seq_iterator, TYPES("iterator"),
               OWNS(seq_iterator, it_seq, REFERENCE_STRONG, "->it_seq"));

FIELDS_DECODER(call_iterator, TYPES("callable_iterator"),
               OWNS(call_iterator, it_callable, REFERENCE_STRONG, "->it_callable"),
               OWNS(call_iterator, it_sentinel, REFERENCE_STRONG, "->it_sentinel"));

/* ---- sequences ------------------------------------------------------------------------------- */

#define SEQUENCE_ITERATOR(structure, type_names)                                                   \
    FIELDS_DECODER(structure, type_names, OWNS(structure, it_seq, REFERENCE_STRONG, "->it_seq"))

SEQUENCE_ITERATOR(list_iterator, TYPES("list_iterator"));
SEQUENCE_ITERATOR(list_reverse_iterator, TYPES("list_reverseiterator"));
SEQUENCE_ITERATOR(tuple_iterator, TYPES("tuple_iterator"));
SEQUENCE_ITERATOR(str_iterator, TYPES("str_iterator", "str_ascii_iterator"));
SEQUENCE_ITERATOR(bytes_iterator, TYPES("bytes_iterator"));
SEQUENCE_ITERATOR(bytearray_iterator, TYPES("bytearray_iterator"));
SEQUENCE_ITERATOR(memory_iterator, TYPES("memory_iterator"));

/* ---- dict, set ------------------------------------------------------------------------------- */

FIELDS_DECODER(dict_iterator,
               TYPES("dict_keyiterator", "dict_valueiterator", "dict_itemiterator",
                     "dict_reversekeyiterator", "dict_reversevalueiterator",
                     "dict_reverseitemiterator"),
               OWNS(dict_iterator, di_dict, REFERENCE_STRONG, "->di_dict"),
               OWNS(dict_iterator, di_result, REFERENCE_STRONG, "->di_result"));

FIELDS_DECODER(dict_view, TYPES("dict_keys", "dict_values", "dict_items"),
               OWNS(dict_view, dv_dict, REFERENCE_STRONG, ".mapping"));

FIELDS_DECODER(set_iterator, TYPES("set_iterator"),
               OWNS(set_iterator, si_set, REFERENCE_STRONG, "->si_set"));

/* ---- string.Formatter (Objects/stringlib/unicode_format.h) ----------------------------------- */

FIELDS_DECODER(formatter_iterator, TYPES("formatteriterator"),
               OWNS(formatter_iterator, str, REFERENCE_STRONG, "->str"));

FIELDS_DECODER(field_name_iterator, TYPES("fieldnameiterator"),
               OWNS(field_name_iterator, str, REFERENCE_STRONG, "->str"));

extern const struct decoder *const iterator_decoders[];
const struct decoder *const iterator_decoders[] = {&slice_decoder,
                                                   &range_decoder,
                                                   &long_range_iterator_decoder,
                                                   &range_iterator_decoder,
                                                   &enumerate_decoder,
                                                   &reversed_decoder,
                                                   &zip_decoder,
                                                   &map_decoder,
                                                   &filter_decoder,
                                                   &seq_iterator_decoder,
                                                   &call_iterator_decoder,
                                                   &list_iterator_decoder,
                                                   &list_reverse_iterator_decoder,
                                                   &tuple_iterator_decoder,
                                                   &str_iterator_decoder,
                                                   &bytes_iterator_decoder,
                                                   &bytearray_iterator_decoder,
                                                   &memory_iterator_decoder,
                                                   &dict_iterator_decoder,
                                                   &dict_view_decoder,
                                                   &set_iterator_decoder,
                                                   &formatter_iterator_decoder,
                                                   &field_name_iterator_decoder,
                                                   NULL};
