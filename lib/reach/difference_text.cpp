#include <algorithm>

#include "explain/story.h"
#include "reach/difference_report.h"
#include "reach/refusal_text.h"
#include "reach/text_table.h"
#include "reach/witness.h"

namespace vpcwall {
namespace {

constexpr const char* red = "\033[31m";
constexpr const char* green = "\033[32m";
constexpr const char* plain = "\033[0m";

std::string position_text(const std::string& file, SourcePosition at) {
  return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
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
  std::string text = change.direction ? std::string(to_string(*change.direction)) : change.part;
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
  std::string text{to_string(kind)};
  std::replace(text.begin(), text.end(), '-', ' ');
  return kind == ChangeKind::cut ? "cut mid-connection" : text;
}

const char* connection_text(ConnectionFate fate) noexcept {
  switch (fate) {
    case ConnectionFate::none: return "";
    case ConnectionFate::lives_on: return "open connections live on";
    case ConnectionFate::cut: return "open connections are cut";
    case ConnectionFate::cut_onward: return "open connections are cut from client to server";
    case ConnectionFate::cut_backward: return "open connections are cut from server to client";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

// What the kind alone does not say.
struct Remark {
  std::string change, connection;
};

Remark remark_on(const TrafficChange& change, const TrafficDifference& difference) {
  Remark remark;
  const std::string by =
      change.refusal ? " by " + refusal_text(*change.refusal, *difference.policies[1], difference.slots) : "";
  if (change.after == RequestFate::absent)
    remark.change = "the interface is gone";
  else if (change.kind() == ChangeKind::newly_allowed && change.after == RequestFate::half_open)
    remark.change = "half open: the reply is blocked";
  else if (change.kind() != ChangeKind::cut && change.refusal)
    remark.change = (change.kind() == ChangeKind::newly_denied ? "refused" : "reply blocked") + by;
  if (change.before == RequestFate::half_open && change.kind() == ChangeKind::newly_denied)
    remark.change += ", was half open";
  remark.connection = connection_text(change.connection);
  if (change.kind() == ChangeKind::cut) remark.connection += by;
  return remark;
}

bool takes_away(ChangeKind kind) noexcept {
  return kind == ChangeKind::newly_denied || kind == ChangeKind::reply_newly_denied ||
         kind == ChangeKind::cut;
}

// Lines between the same two that say the same of different traffic.
struct Sentence {
  const ChangeLine* first;
  ChangeKind kind;
  std::string from, to, clients;
  Remark remark;
  std::vector<TrafficSlice> slices;
  std::string traffic;                       // all of them
  std::vector<const ChangeLine*> witnesses;  // one of each family

  [[nodiscard]] bool is_between(const Sentence& other) const {
    return kind == other.kind && from == other.from && to == other.to && clients == other.clients &&
           remark.change == other.remark.change;
  }
};

// An ICMP message that nobody answers has no connection: that keeps it apart from nothing.
bool may_join(const Sentence& sentence, const Sentence& other) {
  return sentence.first->family == other.first->family && sentence.is_between(other) &&
         (sentence.remark.connection == other.remark.connection || !is_answered(other.first->witness));
}

std::vector<Sentence> sentences_of(const TrafficDifference& difference,
                                   const std::vector<const ChangeLine*>& lines) {
  std::vector<Sentence> sentences;
  const auto add = [&](const ChangeLine& line) {
    Sentence one{&line,
                 *line.result.kind(),
                 describe(difference.endpoints.all[line.from], line.sources),
                 describe(difference.endpoints.all[line.to], line.destinations),
                 describe_clients(line.result.clients, difference.client_ports),
                 remark_on(line.result, difference),
                 {line.slice},
                 {},
                 {&line}};
    const auto same = std::find_if(sentences.begin(), sentences.end(),
                                   [&one](const Sentence& other) { return may_join(other, one); });
    if (same != sentences.end())
      same->slices.push_back(line.slice);
    else
      sentences.push_back(std::move(one));
  };
  for (const bool answered : {true, false})  // so that the others find what they may join
    for (const ChangeLine* line : lines)
      if (is_answered(line->witness) == answered) add(*line);
  return sentences;
}

// What is true of both families, in one; in the order of kinds.
std::vector<Sentence> joined_families(std::vector<Sentence> sentences, const TrafficDifference& difference) {
  std::vector<Sentence> joined;
  for (Sentence& sentence : sentences) {
    const TrafficSpace& space = difference.spaces[at(sentence.first->family)];
    sentence.traffic =
        describe(ordered_slices(std::move(sentence.slices), space.family), space) + sentence.clients;
    const auto same = std::find_if(joined.begin(), joined.end(), [&sentence](const Sentence& other) {
      return other.witnesses.size() == 1 && other.first->family != sentence.first->family &&
             other.is_between(sentence) && other.remark.connection == sentence.remark.connection &&
             other.traffic == sentence.traffic;
    });
    if (same != joined.end())
      same->witnesses.push_back(sentence.first);
    else
      joined.push_back(std::move(sentence));
  }
  std::stable_sort(joined.begin(), joined.end(),
                   [](const Sentence& a, const Sentence& b) { return a.kind < b.kind; });
  return joined;
}

std::string family_text(const Sentence& sentence) {
  if (sentence.witnesses.size() > 1) return "IPv4 and IPv6";
  return sentence.first->family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string sentence_text(const Sentence& sentence, const ComparedFiles& files, bool colour) {
  const char* paint = takes_away(sentence.kind) ? red : green;
  const std::string kind = kind_text(sentence.kind);
  std::string text = "  " + (colour ? paint + kind + plain : kind) + ": " + sentence.from + " -> " +
                     sentence.to + ", " + family_text(sentence) + ", " + sentence.traffic + '\n';
  for (const std::string& remark : {sentence.remark.change, sentence.remark.connection})
    if (!remark.empty()) text += "      " + remark + '\n';
  for (const ChangeLine* line : sentence.witnesses)
    text += "      " + explain_command(line->witness, telling_file(files, *line)) + '\n';
  return text;
}

std::string traffic_text(const TrafficDifference& difference, const ComparedFiles& files, bool everything,
                         bool colour) {
  if (difference.lines.empty()) return "Traffic: no difference\n";
  std::vector<const ChangeLine*> lines;
  for (const ChangeLine& line : difference.lines)
    if (everything || (is_ordinary(difference.endpoints.all[line.from].kind) &&
                       is_ordinary(difference.endpoints.all[line.to].kind)))
      lines.push_back(&line);
  std::string text = "Traffic:\n";
  for (const Sentence& sentence : joined_families(sentences_of(difference, lines), difference))
    text += sentence_text(sentence, files, colour);
  if (const std::size_t hidden = difference.lines.size() - lines.size(); hidden > 0)
    text += "  and " + std::to_string(hidden) + (hidden == 1 ? " set" : " sets") +
            " of traffic from or to addresses of the VPC that no interface has, AWS's services, loopback, "
            "link-local "
            "or multicast: --all\n";
  return text;
}

}  // namespace

std::string difference_text(const DifferenceReport& report, const ComparedFiles& files, bool colour) {
  std::string text;
  if (report.rules != nullptr) text += rules_text(*report.rules, files, colour);
  if (report.rules != nullptr && report.traffic != nullptr) text += '\n';
  if (report.traffic != nullptr) text += traffic_text(*report.traffic, files, report.everything, colour);
  return text;
}

}  // namespace vpcwall
