// vpcwall history --verify: is the audit log as the daemon wrote it?
#pragma once

#include <string>

namespace vpcwall {

struct HistoryCheck {
  std::string socket;     // of the daemon, which says where its log is and how it ends
  std::string directory;  // instead: this one, and no daemon is asked
  bool json = false;
};

// The exit status: 0, or 1 when something was changed or is missing.
int check_history(const HistoryCheck& check);

}  // namespace vpcwall
