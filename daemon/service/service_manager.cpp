#include "daemon/service/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <memory>

namespace vpcwall {
namespace {

struct Free {
  void operator()(void* memory) const noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory) the library allocates
    std::free(memory);
  }
};

}  // namespace

void notify_service_manager(std::string_view state) { ::sd_notify(0, std::string(state).c_str()); }

std::map<std::string, FileDescriptor> kept_descriptors() {
  std::map<std::string, FileDescriptor> kept;
  char** found = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &found);
  const std::unique_ptr<char*, Free> owned(found);
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<char, Free> name(found[i]);
    kept.insert_or_assign(name.get(), FileDescriptor(SD_LISTEN_FDS_START + i));
  }
  return kept;
}

void keep_descriptor(const std::string& name, int descriptor) {
  // Not watched: the manager would throw a netlink socket out as soon as it reports an error.
  const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + name;
  ::sd_pid_notify_with_fds(0, 0, state.c_str(), &descriptor, 1);
}

void forget_descriptor(const std::string& name) { notify_service_manager("FDSTOREREMOVE=1\nFDNAME=" + name); }

}  // namespace vpcwall
