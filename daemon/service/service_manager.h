// The service manager, where there is one: what it is told, and what it keeps for the next process.
//
// A process that ends leaves its descriptors with the manager (systemd's file descriptor store); the next one
// finds them under their names. Without a manager nothing happens and nothing is found. Control thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/file_descriptor.h"

namespace vpcwall {

// READY=1, STATUS=…, as systemd defines them.
void notify_service_manager(std::string_view state);

// What was kept, by name; a descriptor of our own name is there once. Call once, early.
[[nodiscard]] std::map<std::string, FileDescriptor> kept_descriptors();

// Keeps a copy of `descriptor` under `name`: letters, digits, `-`.
void keep_descriptor(const std::string& name, int descriptor);
void forget_descriptor(const std::string& name);

}  // namespace vpcwall
