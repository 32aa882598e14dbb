#include "reach/difference_report.h"

#include <algorithm>

#include "engine/decision_json.h"
#include "reach/refusal_text.h"
#include "reach/text_table.h"
#include "reach/traffic_json.h"
#include "reach/witness.h"

namespace vpcwall {
namespace {

constexpr const char* red = "\033[31m";
constexpr const char* green = "\033[32m";
constexpr const char* plain = "\033[0m";

std::string position_text(const std::string& file, SourcePosition at) {
  return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

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

const char* direction_word(Direction direction) noexcept {
  return direction == Direction::ingress ? "ingress" : "egress";
}

nlohmann::ordered_json to_json(const PolicyChange& change, const ComparedFiles& files) {
  nlohmann::ordered_json json{{"change", change_word(change)}, {"object", to_string(change.object)}};
  if (!change.id.empty()) json["id"] = change.id;
  if (!change.name.empty()) json["name"] = change.name;
  if (!change.part.empty()) json["part"] = change.part;
  if (change.direction) json["direction"] = direction_word(*change.direction);
  if (!change.rule.empty()) json["rule"] = change.rule;
  json["before"] = optional_json(change.before);
  json["after"] = optional_json(change.after);
  json["before_at"] = position_json(files.before, change.before_at);
  json["after_at"] = position_json(files.after, change.after_at);
  return json;
}

// A witness of what was denied is asked about under the policy that denies it, and so on.
const std::string& telling_file(const ComparedFiles& files, const ChangeLine& line) {
  return line.result.after == RequestFate::absent ? files.before : files.after;
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

std::string object_text(const PolicyChange& change) {
  std::string kind{to_string(change.object)};
  std::replace(kind.begin(), kind.end(), '-', ' ');
  if (change.object == ChangedObject::vpc) return "VPC";
  if (change.object == ChangedObject::setting) return change.name;
  if (change.object == ChangedObject::network_acl) kind = "network ACL";
  return kind + ' ' + (change.name.empty() ? change.id : change.name);
}

std::string part_text(const PolicyChange& change) {
  std::string text = change.direction ? direction_word(*change.direction) : change.part;
  if (change.direction && change.part == "entry") text += " entry " + change.rule;
  return text;
}

std::string value_text(const PolicyChange& change) {
  if (change.part.empty() && change.object != ChangedObject::setting) return {};
  const auto said = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
  if (change.before && change.after) return said(*change.before) + " -> " + said(*change.after);
  return said(change.before ? *change.before : *change.after);
}

std::string places_text(const PolicyChange& change, const ComparedFiles& files) {
  std::string text;
  if (change.before_at.line > 0 && change.before) text = position_text(files.before, change.before_at);
  if (change.after_at.line > 0 && change.after)
    text += (text.empty() ? "" : " -> ") + position_text(files.after, change.after_at);
  return text;
}

std::string rules_text(const std::vector<PolicyChange>& changes, const ComparedFiles& files, bool colour) {
  if (changes.empty()) return "Rules: no difference\n";
  std::vector<TableRow> rows;
  std::vector<std::string> paints;
  for (const PolicyChange& change : changes) {
    const char* sign = !change.before ? "+" : !change.after ? "-" : "~";
    rows.push_back(
        {sign, object_text(change), part_text(change), value_text(change), places_text(change, files)});
    paints.push_back(!change.before ? green : !change.after ? red : "");
  }
  const std::string lines = aligned(rows, "  ");
  return "Rules:\n" + (colour ? painted(lines, paints) : lines);
}

std::string kind_text(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::newly_allowed: return "newly allowed";
    case ChangeKind::newly_denied: return "newly denied";
    case ChangeKind::reply_newly_allowed: return "reply newly allowed";
    case ChangeKind::reply_newly_denied: return "reply newly denied";
    case ChangeKind::cut: return "cut mid-connection";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

// What the kind alone does not say.
std::string remark(const TrafficChange& change, const TrafficDifference& difference) {
  std::vector<std::string> remarks;
  if (change.kind() == ChangeKind::newly_allowed && change.after == RequestFate::half_open)
    remarks.emplace_back("the reply is blocked");
  if (change.kind() == ChangeKind::newly_denied && change.before == RequestFate::half_open)
    remarks.emplace_back("was half open");
  if (change.after == RequestFate::absent) remarks.emplace_back("the interface is gone");
  switch (change.connection) {
    case ConnectionFate::none: break;
    case ConnectionFate::lives_on: remarks.emplace_back("open connections live on"); break;
    case ConnectionFate::cut: remarks.emplace_back("open connections are cut"); break;
    case ConnectionFate::cut_onward:
      remarks.emplace_back("open connections are cut from client to server");
      break;
    case ConnectionFate::cut_backward:
      remarks.emplace_back("open connections are cut from server to client");
      break;
  }
  if (change.refusal)
    remarks.push_back("by " + refusal_text(*change.refusal, *difference.policies[1], difference.slots));
  std::string text;
  for (const std::string& one : remarks) text += (text.empty() ? "" : ", ") + one;
  return text;
}

bool takes_away(ChangeKind kind) noexcept {
  return kind == ChangeKind::newly_denied || kind == ChangeKind::reply_newly_denied ||
         kind == ChangeKind::cut;
}

// Lines between the same two that say the same of different traffic.
struct Sentence {
  const ChangeLine* first;
  std::string kind, from, to, clients, remark;
  std::vector<TrafficSlice> slices;

  [[nodiscard]] bool says_same(const Sentence& other) const {
    return first->family == other.first->family && kind == other.kind && from == other.from &&
           to == other.to && clients == other.clients && remark == other.remark;
  }
};

std::vector<Sentence> sentences_of(const TrafficDifference& difference) {
  std::vector<Sentence> sentences;
  for (const ChangeKind kind : all_change_kinds)
    for (const ChangeLine& line : difference.lines) {
      if (line.result.kind() != kind) continue;
      Sentence one{&line,
                   kind_text(kind),
                   describe(difference.endpoints.all[line.from], line.sources),
                   describe(difference.endpoints.all[line.to], line.destinations),
                   describe_clients(line.result.clients, difference.client_ports),
                   remark(line.result, difference),
                   {line.slice}};
      const auto same = std::find_if(sentences.begin(), sentences.end(),
                                     [&one](const Sentence& other) { return other.says_same(one); });
      if (same != sentences.end())
        same->slices.push_back(line.slice);
      else
        sentences.push_back(std::move(one));
    }
  return sentences;
}

std::string traffic_text(const TrafficDifference& difference, const ComparedFiles& files, bool colour) {
  if (difference.lines.empty()) return "Traffic: no difference\n";
  std::string text = "Traffic:\n";
  for (const Sentence& sentence : sentences_of(difference)) {
    const TrafficSpace& space = difference.spaces[at(sentence.first->family)];
    const char* paint = takes_away(*sentence.first->result.kind()) ? red : green;
    text += "  " + (colour ? paint + sentence.kind + plain : sentence.kind) + ": " + sentence.from + " -> " +
            sentence.to + ", " + (space.family == Family::ipv4 ? "IPv4" : "IPv6") + ", " +
            describe(ordered_slices(sentence.slices, space.family), space) + sentence.clients + '\n';
    if (!sentence.remark.empty()) text += "      " + sentence.remark + '\n';
    text += "      " + explain_command(sentence.first->witness, telling_file(files, *sentence.first)) + '\n';
  }
  return text;
}

}  // namespace

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

std::string difference_text(const DifferenceReport& report, const ComparedFiles& files, bool colour) {
  std::string text;
  if (report.rules != nullptr) text += rules_text(*report.rules, files, colour);
  if (report.rules != nullptr && report.traffic != nullptr) text += '\n';
  if (report.traffic != nullptr) text += traffic_text(*report.traffic, files, colour);
  return text;
}

}  // namespace vpcwall
