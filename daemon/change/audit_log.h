// Every change that was asked for, as lines of JSON: when, who, what, with what result.
//
// What changed something is in audit.log; what was refused in audit-refused.log, so that no number of refused
// requests takes the place of a change. Both are chains of bounded files (audit_file.h), and no entry is
// longer than max_entry_bytes. That a line cannot be written does not keep anybody from changing the policy:
// the daemon's log says that it is missing. One thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "daemon/change/asker.h"
#include "daemon/change/audit_file.h"

namespace vpcwall {

class AuditLog {
 public:
  static constexpr std::size_t most_refused_bytes = std::size_t{4} << 20U;  // of a file
  static constexpr unsigned refused_generations = 4;

  // `directory` may be empty: then nothing is written.
  explicit AuditLog(std::string directory);

  // Adds "time", "by", "user", "uid", "process" to what happened. Logs an error when it cannot be written.
  void note(const Asker& asker, const nlohmann::ordered_json& what);
  void note_refused(const Asker& asker, const nlohmann::ordered_json& what);

  // Of audit.log; nothing where none is written.
  [[nodiscard]] std::optional<ChainHead> head() const;
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  [[nodiscard]] AuditFileSettings changes() const;
  [[nodiscard]] AuditFileSettings refused() const;
  static void write(std::optional<AuditFile>& file, const AuditFileSettings& settings, const Asker& asker,
                    const nlohmann::ordered_json& what);

  std::string directory_;
  // Opened when they are first written to, again if that has failed.
  std::optional<AuditFile> changes_, refused_;
};

}  // namespace vpcwall
