#include "reach/reach_report.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/decision_json.h"
#include "reach/refusal_text.h"
#include "reach/text_table.h"
#include "reach/traffic_json.h"

namespace vpcwall {
namespace {

// Wider than this, a matrix is no picture any more.
constexpr std::size_t max_matrix_columns = 30;

bool is_half_open(ReplyFate fate) noexcept { return fate == ReplyFate::blocked || fate == ReplyFate::partly; }

std::string reply_text(const Reachable& found, const Reach& reach) {
  std::string text{to_string(found.reply)};
  if (found.reply == ReplyFate::none) return "-";
  if (found.reply == ReplyFate::partly) text += ", to client ports " + describe(found.answered) + " only";
  if (found.refusal)
    text += (found.reply == ReplyFate::blocked ? " by " : "; otherwise blocked by ") +
            refusal_text(*found.refusal, *reach.policy, reach.slots);
  return text;
}

// Lines that differ in nothing but their traffic.
struct Sentence {
  ReachRow row;
  Family family;
  std::vector<TrafficSlice> slices;
  std::string clients;
};

void merge_unanswered(std::vector<Sentence>& sentences) {
  // An ICMP message that nobody answers is said with what is answered, if that reaches between the same two.
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].row.reply != ReplyFate::none) continue;
    const auto host = std::find_if(sentences.begin(), sentences.end(), [&](const Sentence& other) {
      return other.row.reply == ReplyFate::passes && other.family == sentences[i].family &&
             other.clients.empty() && other.row.from_text == sentences[i].row.from_text &&
             other.row.to_text == sentences[i].row.to_text;
    });
    if (host == sentences.end()) continue;
    host->slices.insert(host->slices.end(), sentences[i].slices.begin(), sentences[i].slices.end());
    sentences.erase(sentences.begin() + static_cast<std::ptrdiff_t>(i--));
  }
}

std::vector<Sentence> sentences_of(const Reach& reach) {
  std::vector<Sentence> sentences;
  for (const ReachLine& line : reach.lines) {
    Sentence one{{line.from,
                  line.to,
                  describe(reach.endpoints.all[line.from], line.sources),
                  describe(reach.endpoints.all[line.to], line.destinations),
                  {},
                  {},
                  line.result.reply,
                  reply_text(line.result, reach)},
                 line.family,
                 {line.slice},
                 describe_clients(line.result.clients, reach.client_ports)};
    const auto same = std::find_if(sentences.begin(), sentences.end(), [&one](const Sentence& other) {
      return std::tie(other.row.from, other.row.to, other.row.from_text, other.row.to_text,
                      other.row.reply_text, other.clients,
                      other.family) == std::tie(one.row.from, one.row.to, one.row.from_text, one.row.to_text,
                                                one.row.reply_text, one.clients, one.family);
    });
    if (same != sentences.end())
      same->slices.push_back(line.slice);
    else
      sentences.push_back(std::move(one));
  }
  merge_unanswered(sentences);
  return sentences;
}

const char* mark_text(CellMark mark) noexcept {
  switch (mark) {
    case CellMark::nothing: return "-";
    case CellMark::answered: return "+";
    case CellMark::half_open: return "~";
    case CellMark::not_told: return ".";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::string matrix_text(const Reach& reach) {
  std::vector<TableRow> rows{{"", ""}};
  for (std::size_t to = 0; to < reach.to.size(); ++to) rows.front().push_back(std::to_string(to + 1));
  for (const std::size_t from : reach.from) {
    const auto column = std::find(reach.to.begin(), reach.to.end(), from);
    TableRow row{column == reach.to.end() ? "" : std::to_string(column - reach.to.begin() + 1),
                 reach.endpoints.all[from].name};
    for (const std::size_t to : reach.to) row.emplace_back(mark_text(mark_of(reach, from, to)));
    rows.push_back(std::move(row));
  }
  std::string text = aligned(rows);
  if (reach.from != reach.to)
    for (std::size_t to = 0; to < reach.to.size(); ++to)
      text += std::to_string(to + 1) + " = " + reach.endpoints.all[reach.to[to]].name + '\n';
  return text +
         "from the row to the column: + reaches and is answered, ~ reaches, not all is answered, - nothing "
         "reaches, . not told\n";
}

}  // namespace

CellMark mark_of(const Reach& reach, std::size_t from, std::size_t to) {
  const auto is_interface = [&reach](std::size_t place) {
    return reach.endpoints.all[place].kind == EndpointKind::interface;
  };
  if (from == to || (!is_interface(from) && !is_interface(to))) return CellMark::not_told;
  CellMark mark = CellMark::nothing;
  for (const ReachLine& line : reach.lines) {
    if (line.from != from || line.to != to) continue;
    if (is_half_open(line.result.reply)) return CellMark::half_open;
    mark = CellMark::answered;
  }
  return mark;
}

std::vector<ReachRow> rows_of(const Reach& reach) {
  std::vector<ReachRow> rows;
  for (Sentence& sentence : sentences_of(reach)) {
    ReachRow row = std::move(sentence.row);
    const TrafficSpace& space = reach.spaces[at(sentence.family)];
    row.traffic =
        describe(ordered_slices(std::move(sentence.slices), sentence.family), space) + sentence.clients;
    row.family = sentence.family == Family::ipv4 ? "IPv4" : "IPv6";
    const auto other = std::find_if(rows.begin(), rows.end(), [&row](const ReachRow& one) {
      return one.family == "IPv4" && row.family == "IPv6" &&
             std::tie(one.from, one.to, one.from_text, one.to_text, one.traffic) ==
                 std::tie(row.from, row.to, row.from_text, row.to_text, row.traffic) &&
             one.reply_text == row.reply_text;
    });
    if (other != rows.end())
      other->family = "both";
    else
      rows.push_back(std::move(row));
  }
  return rows;
}

nlohmann::ordered_json to_json(const Reach& reach, const std::string& policy_file) {
  nlohmann::ordered_json json{{"schema", "vpcwall/reach/1"},
                              {"policy", policy_file},
                              {"client_ports", to_string(reach.client_ports)}};
  json["endpoints"] = nlohmann::ordered_json::array();
  for (const Endpoint& endpoint : reach.endpoints.all)
    json["endpoints"].push_back(endpoint_json(reach.endpoints, endpoint));
  json["reaches"] = nlohmann::ordered_json::array();
  for (const ReachLine& line : reach.lines) {
    nlohmann::ordered_json one{{"from", reach.endpoints.all[line.from].name},
                               {"to", reach.endpoints.all[line.to].name},
                               {"family", line.family == Family::ipv4 ? "ipv4" : "ipv6"}};
    one.update(traffic_json(line.slice, reach.spaces[at(line.family)]));
    one["reply"] = to_string(line.result.reply);
    if (!line.sources.empty()) one["sources"] = ranges_json(line.sources);
    if (!line.destinations.empty()) one["destinations"] = ranges_json(line.destinations);
    if (!describe_clients(line.result.clients, reach.client_ports).empty())
      one["client_ports"] = ranges_json(line.result.clients);
    if (line.result.reply == ReplyFate::partly) one["answered_ports"] = ranges_json(line.result.answered);
    if (line.result.refusal) one["blocked_at"] = to_json(*line.result.refusal, *reach.policy, reach.slots);
    one["witness"] = witness_json(line.witness, policy_file);
    json["reaches"].push_back(std::move(one));
  }
  json["exchanges"] = reach.exchanges;
  return json;
}

std::string reach_text(const Reach& reach, bool colour) {
  std::string text;
  if (reach.to.size() <= max_matrix_columns) text = matrix_text(reach) + '\n';
  const auto rows = rows_of(reach);
  if (rows.empty()) return text + "nothing reaches\n";
  std::vector<TableRow> table{{"FROM", "TO", "FAMILY", "TRAFFIC", "REPLY"}};
  std::vector<std::string> colours{""};
  for (const ReachRow& row : rows) {
    table.push_back({row.from_text, row.to_text, row.family, row.traffic, row.reply_text});
    colours.emplace_back(is_half_open(row.reply) ? "\033[33m" : "");
  }
  return text + (colour ? painted(aligned(table), colours) : aligned(table));
}

}  // namespace vpcwall
