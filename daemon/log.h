// Sets up the process's one logger; the only file that configures logging.
#pragma once

#include "daemon/settings.h"

namespace vpcwall {

// Lines go to standard error: with time and level for people, without time where the journal adds its own.
void set_up_log(LogLevel level);

}  // namespace vpcwall
