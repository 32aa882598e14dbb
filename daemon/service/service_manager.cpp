#include "daemon/service/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace vpcwall {

void notify_service_manager(std::string_view state) { ::sd_notify(0, std::string(state).c_str()); }

std::map<std::string, FileDescriptor> kept_descriptors() {
  std::map<std::string, FileDescriptor> kept;
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < count; ++i) {
    kept.insert_or_assign(names[i], FileDescriptor(SD_LISTEN_FDS_START + i));
    std::free(names[i]);
  }
  std::free(names);
  return kept;
}

void keep_descriptor(const std::string& name, int descriptor) {
  // Not watched: the manager would throw a netlink socket out as soon as it reports an error.
  const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + name;
  ::sd_pid_notify_with_fds(0, 0, state.c_str(), &descriptor, 1);
}

void forget_descriptor(const std::string& name) { notify_service_manager("FDSTOREREMOVE=1\nFDNAME=" + name); }

}  // namespace vpcwall
