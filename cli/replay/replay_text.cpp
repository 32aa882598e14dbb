#include "cli/replay/replay_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/replay/replay_json.h"
#include "explain/story.h"
#include "replay/decision_text.h"

namespace vpcwall {
namespace {

constexpr std::size_t packet_width = 56;
constexpr const char *red = "\033[31m", *green = "\033[32m", *plain = "\033[0m";

// Columns as wide as their widest cell; all but the first and the last to the right.
class Columns {
 public:
  explicit Columns(std::vector<std::string> titles) { row(std::move(titles)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const auto& cells : rows_) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string pad(width(i) - cells[i].size(), ' ');
        const bool left = i == 0 || i + 1 == cells.size();
        text += (i == 0 ? "" : "  ") + (left ? cells[i] + pad : pad + cells[i]);
      }
      text.erase(text.find_last_not_of(' ') + 1);
      text += '\n';
    }
    return text;
  }

 private:
  [[nodiscard]] std::size_t width(std::size_t column) const {
    std::size_t widest = 0;
    for (const auto& cells : rows_) widest = std::max(widest, cells.at(column).size());
    return widest;
  }
  std::vector<std::vector<std::string>> rows_;
};

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string seconds_text(Duration at) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6f", std::chrono::duration<double>(at).count());
  return text.data();
}

std::string plural(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string hexadecimal(std::uint32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%04x", number);
  return text.data();
}

std::string unjudged_text(const Arrival& arrival) {
  switch (arrival.kind) {
    case Arrival::Kind::held: return "held, waits for the other fragments of its datagram";
    case Arrival::Kind::cut: return "not judged, too little of it was captured";
    default: return "not judged, not IP (" + hexadecimal(arrival.protocol) + ')';
  }
}

std::string what(const Arrival& arrival) {
  std::string text;
  if (arrival.kind == Arrival::Kind::packet) text = describe(arrival.packet);
  if (arrival.kind == Arrival::Kind::damaged) text = "damaged: " + std::string(to_string(arrival.error));
  if (arrival.kind == Arrival::Kind::held) text = "fragment";
  if (text.empty()) text = "-";
  if (arrival.fragments > 0) text += " of " + std::to_string(arrival.fragments) + " fragments";
  return text;
}

std::string not_judged_text(const PlayedCapture& capture) {
  const CaptureReplay& replay = capture.policies[0]->replay;
  std::string text;
  const auto add = [&text](std::uint64_t count, const std::string& words) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + words;
  };
  add(replay.count(Arrival::Kind::not_ip), "not IP");
  add(replay.count(Arrival::Kind::cut), "cut by the capture before the end of their headers");
  add(replay.count(Arrival::Kind::held) - capture.arrivals.left_over(),
      "fragments of datagrams judged whole, or repeated");
  add(capture.arrivals.left_over(), "fragments of datagrams that never became whole (dropped by the kernel)");
  return text.empty() ? "" : "not judged: " + text + '\n';
}

std::string time_text(const PlayedCapture& capture) {
  const Arrivals& arrivals = capture.arrivals;
  if (arrivals.set_back() == 0) return {};
  return "time: " + plural(arrivals.set_back(), "packet has a time stamp", "packets have time stamps") +
         " before that of an earlier one (at most " + seconds_text(arrivals.farthest_back()) +
         " s): judged at the earlier one's time; reordercap(1) sorts a capture\n";
}

std::string head_text(const PlayedCapture& capture) {
  std::string text = capture.file + ": " + plural(capture.frames, "packet", "packets") + ", " +
                     std::string(to_string(capture.link_type));
  if (capture.frames > 0)
    text += ", from " + utc_text(capture.begun) + ", " + seconds_text(capture.length) + " s";
  text += '\n';
  for (const auto& played : capture.policies)
    text += played->file + ": " + std::to_string(played->replay.accepted()) + " accepted, " +
            std::to_string(played->replay.dropped()) + " dropped\n";
  return text + not_judged_text(capture) + time_text(capture);
}

bool refuses(Outcome outcome) { return outcome == Outcome::deny || outcome == Outcome::table_full; }
bool opens(Outcome outcome) { return outcome == Outcome::fresh || outcome == Outcome::untracked; }

// Where packets were refused; of a conversation that lost none, what let it begin.
std::string deciding_text(const Conversation& conversation, const Simulation& simulation) {
  std::string text;
  const bool refused = conversation.dropped > 0;
  for (const OutcomeCount& outcome : conversation.outcomes) {
    if (refused ? !refuses(outcome.gate.outcome) : !opens(outcome.gate.outcome)) continue;
    text +=
        (text.empty() ? "" : "; ") + gate_outcome_text(outcome.gate, simulation.policy(), simulation.slots());
  }
  if (text.empty() && !conversation.outcomes.empty())
    text = gate_outcome_text(conversation.outcomes.back().gate, simulation.policy(), simulation.slots());
  return text.empty() ? "no gate" : text;
}

// How many of `all` are not among the `shown`.
std::string more_text(std::size_t shown, std::size_t all, const char* what) {
  if (shown == all) return {};
  return "and " + std::to_string(all - shown) + " more " + what + "; --limit shows more\n";
}

std::string conversations_text(const CaptureReplay& replay, const ReplayTextOptions& options) {
  Columns table({"CONVERSATION", "PACKETS", "BYTES", "FIRST", "LAST", "ACCEPTED", "DROPPED", "DECIDED BY"});
  std::size_t wanted = 0;
  for (const Conversation& one : replay.conversations().all()) {
    if ((options.only_dropped && one.dropped == 0) || ++wanted > options.limit) continue;
    table.row({describe(one), std::to_string(one.packets), std::to_string(one.bytes), seconds_text(one.first),
               seconds_text(one.last), std::to_string(one.accepted), std::to_string(one.dropped),
               deciding_text(one, replay.simulation())});
  }
  std::string text = table.text() + more_text(std::min(wanted, options.limit), wanted, "conversations");
  if (const auto beyond = replay.conversations().packets_without_room(); beyond > 0)
    text += plural(beyond, "packet", "packets") + " of conversations beyond the first " +
            std::to_string(Conversations::max_conversations) + '\n';
  return text;
}

std::string totals_text(const Counters& counters) {
  Columns gates({"GATE", "OUTCOME", "PACKETS", "BYTES", ""});
  for (std::size_t gate = 0; gate < gate_count; ++gate)
    for (std::size_t outcome = 0; outcome < outcome_count; ++outcome) {
      const Count count = counters.gate(static_cast<Gate>(gate), static_cast<Outcome>(outcome));
      if (count.packets > 0)
        gates.row({std::string(to_string(static_cast<Gate>(gate))),
                   std::string(to_string(static_cast<Outcome>(outcome))), std::to_string(count.packets),
                   std::to_string(count.bytes), ""});
    }
  Columns reasons({"REASON", "PACKETS", "BYTES", ""});
  for (std::size_t i = 0; i < reason_count; ++i) {
    const Count count = counters.reason(static_cast<Reason>(i));
    if (count.packets > 0)
      reasons.row({std::string(to_string(static_cast<Reason>(i))), std::to_string(count.packets),
                   std::to_string(count.bytes), ""});
  }
  return gates.text() + '\n' + reasons.text();
}

std::string differences_text(const PlayedCapture& capture, const ReplayTextOptions& options) {
  const auto& first = capture.policies[0]->replay.conversations().all();
  const auto& second = capture.policies[1]->replay.conversations().all();
  Columns table({"CONVERSATION", "PACKETS", "DIFFERENT", "ACCEPTED BY FIRST", "BY SECOND", "DECIDED BY"});
  std::size_t differing = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].differing == 0 || ++differing > options.limit) continue;
    // The one that refuses has something to say.
    const std::size_t stricter = first[i].accepted < second[i].accepted ? 0 : 1;
    table.row({describe(first[i]), std::to_string(first[i].packets), std::to_string(first[i].differing),
               std::to_string(first[i].accepted), std::to_string(second[i].accepted),
               deciding_text(stricter == 0 ? first[i] : second[i],
                             capture.policies[stricter]->replay.simulation())});
  }
  if (capture.differing() == 0) return "Both policies give every packet the same verdict.\n";
  return table.text() + more_text(std::min(differing, options.limit), differing, "conversations") + '\n' +
         plural(capture.differing(), "packet is", "packets are") +
         " judged differently: " + std::to_string(capture.only_first_accepts) + " accepted only by " +
         capture.policies[0]->file + ", " + std::to_string(capture.only_second_accepts) + " only by " +
         capture.policies[1]->file + '\n';
}

}  // namespace

std::string fate_text(const PlayedFrame& frame, std::size_t policy, const PlayedPolicy& played) {
  const auto& decision = frame.decisions[policy];
  if (!decision) return unjudged_text(frame.arrival);
  const Simulation& simulation = played.replay.simulation();
  return decision_text(*decision, simulation.policy(), simulation.slots());
}

std::string frame_title(const PlayedCapture& capture) {
  return "  NUMBER            TIME  " + padded("PACKET", packet_width) +
         (capture.is_comparison() ? "  DECISION OF EACH POLICY\n" : "  DECISION\n");
}

std::string frame_text(const PlayedFrame& frame, const PlayedCapture& capture, bool colour) {
  std::array<char, 64> place{};
  std::snprintf(place.data(), place.size(), "%8llu  %14s  ",
                static_cast<unsigned long long>(frame.arrival.number),
                seconds_text(frame.arrival.at).c_str());
  std::string text = place.data() + padded(what(frame.arrival), packet_width);
  const std::string indent(text.size(), ' ');
  for (std::size_t i = 0; i < frame.decisions.size(); ++i) {
    const auto& decision = frame.decisions[i];
    const bool painted = colour && decision;
    text += (i == 0 ? "" : indent) + std::string("  ");
    if (painted) text += decision->verdict == Verdict::drop ? red : green;
    text += fate_text(frame, i, *capture.policies[i]);
    text += painted ? std::string(plain) + '\n' : "\n";
  }
  return text;
}

std::string summary_text(const PlayedCapture& capture, const ReplayTextOptions& options) {
  std::string text = head_text(capture) + '\n';
  if (capture.is_comparison()) return text + differences_text(capture, options);
  const CaptureReplay& replay = capture.policies[0]->replay;
  return text + conversations_text(replay, options) + '\n' +
         totals_text(replay.simulation().shard().counters());
}

}  // namespace vpcwall
