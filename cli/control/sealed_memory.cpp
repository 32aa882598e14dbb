#include "cli/control/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vpcwall {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

OwnedDescriptor sealed_memory(std::string_view text) {
  OwnedDescriptor memory(::memfd_create("vpcwall-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) fail("memfd_create");
  while (!text.empty()) {
    const ssize_t size = ::write(memory.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail("writing the policy to memory");
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    fail("sealing the policy");
  return memory;
}

}  // namespace vpcwall
