/* Gives its input back. */
#include "executor.h"

EXECUTOR_FUNCTION(input) {
    executor_log(EXECUTOR_INFO, "echo");
    return input;
}
