#include "cli/history_check.h"

#include <iostream>
#include <optional>
#include <stdexcept>

#include "cli/control/control_client.h"
#include "cli/files/audit_files.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

struct Place {
  std::string directory;
  std::optional<ChainHead> head;
};

Place place_of(const HistoryCheck& check) {
  if (!check.directory.empty()) return {check.directory, std::nullopt};
  const nlohmann::json report = ControlClient(check.socket).request({{"verb", "history"}});
  if (!report.contains("audit"))
    throw std::runtime_error("this vpcwalld keeps no audit log that can be verified");
  const nlohmann::json& audit = report.at("audit");
  return {audit.at("directory").get<std::string>(),
          ChainHead{audit.at("entry").get<std::uint64_t>(), audit.at("digest").get<std::string>(),
                    audit.at("first").get<std::uint64_t>()}};
}

ordered_json to_json(const ChainReport& report, const std::string& file) {
  ordered_json json{{"file", file},
                    {"first", report.first},
                    {"last", report.last},
                    {"unchained", report.unchained},
                    {"intact", report.intact()},
                    {"findings", ordered_json::array()}};
  for (const ChainFinding& finding : report.findings)
    json["findings"].push_back({{"fault", to_string(finding.fault)},
                                {"first", finding.first},
                                {"last", finding.last},
                                {"text", finding.text}});
  if (report.not_listed != 0) json["not_listed"] = report.not_listed;
  return json;
}

std::string text_of(const ChainReport& report, const std::string& file) {
  std::string text = file + ": ";
  if (report.last == 0)
    text += "no entries";
  else
    text += "entries " + std::to_string(report.first) + " to " + std::to_string(report.last);
  if (report.unchained != 0)
    text += ", after " + std::to_string(report.unchained) + " lines of a version that did not number them";
  text += report.intact() ? ": nothing is missing, nothing was changed\n" : "\n";
  for (const ChainFinding& finding : report.findings) text += "  " + escaped(finding.text) + '\n';
  if (report.not_listed != 0) text += "  and " + std::to_string(report.not_listed) + " findings more\n";
  return text;
}

}  // namespace

int check_history(const HistoryCheck& check) {
  const Place place = place_of(check);
  const VerifiedAudit found = verify_audit(place.directory, place.head);
  const bool intact = found.changes.intact() && found.refused.intact();
  if (check.json) {
    const ordered_json json{
        {"schema", "vpcwall/audit/1"},
        {"directory", place.directory},
        {"intact", intact},
        {"files", {to_json(found.changes, "audit.log"), to_json(found.refused, "audit-refused.log")}}};
    std::cout << json.dump(2) << '\n';
  } else {
    std::cout << text_of(found.changes, "audit.log") << text_of(found.refused, "audit-refused.log");
    if (!place.head && !found.has_head)
      std::cout
          << "There is no audit.head, and no daemon was asked: what is cut off at the end is not found.\n";
  }
  return intact ? exit_status::ok : exit_status::negative;
}

}  // namespace vpcwall
