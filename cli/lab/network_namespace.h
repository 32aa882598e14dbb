// Named network namespaces, as `ip netns` keeps them: one file each in /run/netns.
//
// Failures of the system are std::system_error; they name the namespace.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/lab/process.h"

namespace vpcwall {

[[nodiscard]] bool namespace_exists(const std::string& name);

// Moves the calling thread, for good.
void enter_namespace(const std::string& name);

// Runs `work` on a thread of its own that is in the namespace; what it throws is thrown here. A socket made
// or a program started inside stays there.
void inside_namespace(const std::string& name, const std::function<void()>& work);

// The processes that are in one of the namespaces, except this one and those that started it.
[[nodiscard]] std::vector<ProcessIdentity> processes_in(const std::vector<std::string>& namespaces);

// Feeds `commands` to `ip -batch`, in the namespace `name` or, if it is empty, in the current one. The first
// command that fails is a std::runtime_error with ip's own words, unless `keep_going`.
void run_ip(const std::string& name, std::string_view commands, bool keep_going = false);

// Writes /proc/sys/net/PATH inside the calling thread's namespace. False if there is no such setting.
bool write_setting(const std::string& path, std::string_view value);

}  // namespace vpcwall
