/* `doctor FILE`: is a snapshot whole, and what is it? */
#ifndef HEAPGLASS_CLI_DOCTOR_FILE_H
#define HEAPGLASS_CLI_DOCTOR_FILE_H

#include "cli/command.h"

struct err *doctor_file(struct cli *cli, const char *path) ERR_CHECK;

#endif
