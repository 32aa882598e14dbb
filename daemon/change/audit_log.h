// Every change that was asked for, as lines of JSON in a file that only grows: when, who, what, with what
// result.
//
// At most_bytes the file becomes `audit.log.1` and a new one begins. Also in the daemon's log; that a line
// cannot be written there does not keep anybody from changing the policy. One thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/change/asker.h"

namespace vpcwall {

class AuditLog {
 public:
  static constexpr std::size_t most_bytes = std::size_t{16} << 20U;

  // `path` may be empty: then nothing is written.
  explicit AuditLog(std::string path) : path_(std::move(path)) {}

  // Adds "time", "by", "user", "uid", "process" to what happened. Logs an error when it cannot be written.
  void note(const Asker& asker, const nlohmann::ordered_json& what);

 private:
  void append(const std::string& line) const;

  std::string path_;
};

}  // namespace vpcwall
