// Network namespaces for tests of the kernel's own interfaces: anonymous, so they vanish with the test
// process however it ends. Needs root.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/file_descriptor.h"

namespace vpcwall::test {

class NetworkNamespace {
 public:
  NetworkNamespace();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  [[nodiscard]] std::string path() const;  // for `ip link … netns PATH`

 private:
  FileDescriptor descriptor_;
};

// The calling thread works in the namespace for the life of this object.
class Inside {
 public:
  explicit Inside(const NetworkNamespace& place);
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside();

 private:
  FileDescriptor before_;
};

// Runs a program inside; a failure throws with its complaint. Returns what it printed.
std::string run_in(const NetworkNamespace& place, const std::vector<std::string>& arguments,
                   std::string_view input = {});

// client (10.9.1.1, fd09:1::1) — router (…::fe at each side, forwarding) — server (10.9.2.1, fd09:2::1).
// The router's devices are "client_side" and "server_side", the ends' devices are "uplink".
struct RoutedPair {
  NetworkNamespace client, router, server;

  RoutedPair();
};

}  // namespace vpcwall::test
