// Where log lines go when standard error is the journal's: to the journal itself, as entries with fields.
//
// A line that the journal does not take goes to standard error instead. Any thread.
#pragma once

#include <memory>
#include <string_view>

#include "daemon/log/log.h"

namespace spdlog::sinks {
class sink;
}

namespace vpcwall {

// Whether a descriptor is the one of which JOURNAL_STREAM speaks, "device:inode": the variable is also
// inherited by programs whose output goes elsewhere.
[[nodiscard]] bool is_journal_stream(int descriptor, std::string_view journal_stream) noexcept;

[[nodiscard]] std::shared_ptr<spdlog::sinks::sink> make_journal_sink();

// While it lives, what this thread logs has these fields. One at a time in a thread.
class JournalFields {
 public:
  explicit JournalFields(const LogFields& fields) noexcept;
  ~JournalFields();
  JournalFields(const JournalFields&) = delete;
  JournalFields& operator=(const JournalFields&) = delete;
};

}  // namespace vpcwall
