#include "reach/difference_report.h"

#include "engine/decision_json.h"
#include "reach/traffic_json.h"

namespace vpcwall {
namespace {

nlohmann::ordered_json position_json(const std::string& file, SourcePosition at) {
  if (at.line == 0) return nullptr;
  return {{"file", file}, {"line", at.line}, {"column", at.column}};
}

nlohmann::ordered_json optional_json(const std::optional<std::string>& text) {
  return text ? nlohmann::ordered_json(*text) : nlohmann::ordered_json(nullptr);
}

const char* change_word(const PolicyChange& change) noexcept {
  return !change.before ? "added" : !change.after ? "removed" : "changed";
}

nlohmann::ordered_json to_json(const PolicyChange& change, const ComparedFiles& files) {
  nlohmann::ordered_json json{{"change", change_word(change)}, {"object", to_string(change.object)}};
  if (!change.id.empty()) json["id"] = change.id;
  if (!change.name.empty()) json["name"] = change.name;
  if (!change.part.empty()) json["part"] = change.part;
  if (change.direction) json["direction"] = to_string(*change.direction);
  if (!change.rule.empty()) json["rule"] = change.rule;
  json["before"] = optional_json(change.before);
  json["after"] = optional_json(change.after);
  json["before_at"] = position_json(files.before, change.before_at);
  json["after_at"] = position_json(files.after, change.after_at);
  return json;
}

// A refusal is always one of the second policy.
nlohmann::ordered_json to_json(const ChangeLine& line, const TrafficDifference& difference,
                               const ComparedFiles& files) {
  const TrafficChange& change = line.result;
  nlohmann::ordered_json json{{"change", to_string(*change.kind())},
                              {"from", difference.endpoints.all[line.from].name},
                              {"to", difference.endpoints.all[line.to].name},
                              {"family", line.family == Family::ipv4 ? "ipv4" : "ipv6"}};
  json.update(traffic_json(line.slice, difference.spaces[at(line.family)]));
  json["before"] = to_string(change.before);
  json["after"] = to_string(change.after);
  json["connections"] = to_string(change.connection);
  if (!line.sources.empty()) json["sources"] = ranges_json(line.sources);
  if (!line.destinations.empty()) json["destinations"] = ranges_json(line.destinations);
  if (!change.clients.empty()) json["client_ports"] = ranges_json(change.clients);
  if (change.refusal)
    json["refused_at"] = to_json(*change.refusal, *difference.policies[1], difference.slots);
  json["witness"] = witness_json(line.witness, telling_file(files, line));
  return json;
}

}  // namespace

const std::string& telling_file(const ComparedFiles& files, const ChangeLine& line) noexcept {
  return line.result.after == RequestFate::absent ? files.before : files.after;
}

nlohmann::ordered_json to_json(const DifferenceReport& report, const ComparedFiles& files) {
  nlohmann::ordered_json json{{"schema", "vpcwall/diff/1"}, {"before", files.before}, {"after", files.after}};
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  if (report.rules != nullptr) {
    json["rules"] = nlohmann::ordered_json::array();
    for (const PolicyChange& change : *report.rules) json["rules"].push_back(to_json(change, files));
    summary["rules"] = report.rules->size();
  }
  if (report.traffic != nullptr) {
    json["client_ports"] = to_string(report.traffic->client_ports);
    json["traffic"] = nlohmann::ordered_json::array();
    for (const ChangeKind kind : all_change_kinds) summary[std::string(to_string(kind))] = 0;
    std::size_t cut = 0;
    for (const ChangeLine& line : report.traffic->lines) {
      json["traffic"].push_back(to_json(line, *report.traffic, files));
      auto& count = summary[std::string(to_string(*line.result.kind()))];
      count = count.get<std::size_t>() + 1;
      cut += is_cut(line.result.connection) ? 1U : 0U;
    }
    summary["cut-connections"] = cut;
    json["exchanges"] = report.traffic->exchanges;
  }
  json["summary"] = std::move(summary);
  return json;
}

}  // namespace vpcwall
