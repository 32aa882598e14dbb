// Sets up the process's one logger; the only file that configures logging.
//
// Lines go to standard error, with time and level for people. Where standard error is the journal's, they go
// there as entries with fields instead: MESSAGE, PRIORITY and SYSLOG_IDENTIFIER, and those of log_event().
// Messages and fields are escaped here, so no caller has to.
// Any thread may log once set_up_log() has returned.
#pragma once

#include <spdlog/common.h>
#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/settings.h"

namespace vpcwall {

void set_up_log(LogLevel level);

// A line for people: one event, one line, and nothing in it that acts on a terminal (text/escape.h).
[[nodiscard]] std::unique_ptr<spdlog::formatter> make_log_formatter();

// One line, and what the journal keeps beside it for programs: the field VPCWALL_<name>.
struct LogField {
  std::string name;  // capital letters and underscores
  std::string value;
};
using LogFields = std::vector<LogField>;

// The first field says what happened: {"EVENT", "reload"}. vpcwalld(8) lists them all.
void log_event(spdlog::level::level_enum level, const LogFields& fields, const std::string& message);

}  // namespace vpcwall
