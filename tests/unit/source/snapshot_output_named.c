/* snapshot_output.c as it is where the file system has no files without names. */
#include <fcntl.h>

#undef O_TMPFILE
#define O_TMPFILE O_DIRECTORY /* of a folder, for writing: EISDIR */

#include "source/snapshot_output.c"
