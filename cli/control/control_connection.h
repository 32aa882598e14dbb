// The two ends of any conversation with vpcwalld: the connection made, the request sent. Errors as in
// control_client.h.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/owned_descriptor.h"

namespace vpcwall {

// Until `descriptor` is ready for `events` of poll(2); throws std::runtime_error when the deadline passes.
void wait_for(int descriptor, short events, std::chrono::steady_clock::time_point deadline,
              const std::string& path);

// The other end has closed the connection and said nothing: throws NoDaemon.
[[noreturn]] void fail_unanswered(const std::string& path);

[[nodiscard]] OwnedDescriptor connect_to(const std::string& path);

// `attached`, unless -1, is an open file that goes along with the first byte.
void send_line(int connection, std::string_view line, std::chrono::steady_clock::time_point deadline,
               const std::string& path, int attached = -1);

}  // namespace vpcwall
