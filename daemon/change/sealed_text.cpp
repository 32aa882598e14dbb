#include "daemon/change/sealed_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vpcwall {

Expected<std::string, std::string> read_sealed_text(int descriptor, std::size_t most_bytes) {
  if (descriptor < 0) return Unexpected{std::string("the policy has to come as a file beside the request")};
  constexpr int needed = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  struct stat facts {};
  if (seals < 0 || (seals & needed) != needed || ::fstat(descriptor, &facts) != 0)
    return Unexpected{std::string("the file beside the request is not sealed memory (memfd_create)")};
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > most_bytes)
    return Unexpected{"found a policy of " + std::to_string(size) + " bytes, expected at most " +
                      std::to_string(most_bytes)};
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::pread(descriptor, text.data() + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return Unexpected{std::string("the file beside the request cannot be read: ") + std::strerror(errno)};
    at += static_cast<std::size_t>(got);
  }
  return text;
}

}  // namespace vpcwall
