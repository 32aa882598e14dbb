#include "daemon/change/audit_log.h"

#include <spdlog/spdlog.h>

#include <ctime>
#include <system_error>
#include <utility>

namespace vpcwall {
namespace {

std::string utc_now() {
  const std::time_t seconds = std::time(nullptr);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

nlohmann::ordered_json entry(const Asker& asker, const nlohmann::ordered_json& what) {
  nlohmann::ordered_json content{{"time", utc_now()},
                                 {"by", asker.by},
                                 {"user", user_name(asker.user)},
                                 {"uid", asker.user},
                                 {"process", asker.process}};
  content.update(what);
  return content;
}

}  // namespace

AuditLog::AuditLog(std::string directory) : directory_(std::move(directory)) {}

AuditFileSettings AuditLog::changes() const {
  return {.path = directory_ + "/audit.log", .head = directory_ + "/audit.head"};
}

AuditFileSettings AuditLog::refused() const {
  return {.path = directory_ + "/audit-refused.log",
          .head = {},
          .most_bytes = most_refused_bytes,
          .generations = refused_generations};
}

void AuditLog::note(const Asker& asker, const nlohmann::ordered_json& what) {
  if (!directory_.empty()) write(changes_, changes(), asker, what);
}

void AuditLog::note_refused(const Asker& asker, const nlohmann::ordered_json& what) {
  if (!directory_.empty()) write(refused_, refused(), asker, what);
}

std::optional<ChainHead> AuditLog::head() const {
  return changes_ ? std::optional(changes_->head()) : std::nullopt;
}

void AuditLog::write(std::optional<AuditFile>& file, const AuditFileSettings& settings, const Asker& asker,
                     const nlohmann::ordered_json& what) {
  try {
    if (!file) {
      file.emplace(settings);
      if (!file->warning().empty()) spdlog::error("audit log: {}", file->warning());
    }
    file->append(entry(asker, what));
  } catch (const std::system_error& error) {
    spdlog::error("a change is missing from the audit log: {}", error.what());
  }
}

}  // namespace vpcwall
