// What outlives the daemon, and what this one finds of the one before it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/change/policy_history.h"
#include "daemon/file_descriptor.h"
#include "daemon/firewall.h"
#include "daemon/settings.h"
#include "daemon/state/crash_journal.h"
#include "daemon/state/state_directory.h"

namespace vpcwall {

// The state directory and what is in it, or why nothing lasts.
struct Lasting {
  std::optional<StateDirectory> directory;
  std::optional<PolicyHistory> history;
  std::unique_ptr<CrashJournal> journal;  // none with a test clock, under which nothing lasts
  std::string why_not;
};
[[nodiscard]] Lasting open_lasting(const Settings& settings);

// Where flows and counters stand.
[[nodiscard]] std::string state_path(const Settings& settings);

// `descriptors` are those that the service manager kept. What cannot be trusted is left behind, and the log
// says so.
[[nodiscard]] Inheritance inherit(const Settings& settings, Lasting& lasting,
                                  std::map<std::string, FileDescriptor> descriptors);

}  // namespace vpcwall
