#include "introspect/objects/decoder.h"
