#include "property/run.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "property/policy_builder.h"

namespace vpcwall::property {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What two sides say to each other: capital letters are the opener's packets, small ones the other side's.
using Script = std::string_view;
constexpr std::array<Script, 12> tcp_scripts{
    "S sa A PA pa A",           // data both ways
    "S sa A FA a fa A",         // closed by the opener
    "S sa A fa A FA a",         // closed by the other side
    "S sa A FA fa A a",         // closed by both at once
    "S sa A RA S",              // reset, and anew
    "S sa A ra S sa",           // the same by the other side
    "S s SA sa",                // both open
    "S ra S",                   // refused, and tried again
    "S sa A FA a fa A S sa A",  // closed and opened again
    "S S sa sa A A",            // everything twice
    "S A sa PA",                // the answer came another way
    "S sa FA fa A",             // no acknowledgement of its own
};
constexpr std::array<Script, 6> other_scripts{"X x", "X x X x", "X X x", "X x x X", "X x X x X x", "X X X"};

constexpr std::array<Duration, 8> gaps{Duration(0), Duration(0),     Duration(0), Duration(0),
                                       Duration(0), milliseconds(1), seconds(1),  seconds(20)};
constexpr std::array<Duration, 6> offsets{Duration(0),  seconds(-1), seconds(1),
                                          Duration(-1), Duration(1), milliseconds(-1)};

TcpFlags flags_of(std::string_view letters) {
  TcpFlags flags;
  for (const char letter : letters) {
    const int capital = std::toupper(static_cast<unsigned char>(letter));
    flags.syn |= capital == 'S';
    flags.ack |= capital == 'A';
    flags.fin |= capital == 'F';
    flags.rst |= capital == 'R';
    flags.psh |= capital == 'P';
  }
  return flags;
}

class RunBuilder {
 public:
  explicit RunBuilder(const Descriptors& descriptors) {
    std::copy_if(descriptors.begin(), descriptors.end(), std::back_inserter(parts_),
                 [](const Descriptor& one) { return is_policy_part(one.kind); });
    policy_ = run_.policy = policy_of(parts_);
    for (const Descriptor& descriptor : descriptors) step(descriptor);
  }
  Run take() { return std::move(run_); }

 private:
  struct Sent {
    Send send;
    Duration at;
  };

  void step(const Descriptor& descriptor) {
    Choices choices(descriptor);
    switch (descriptor.kind) {
      case Kind::packet: send(packet_for(policy_, choices), false); break;
      case Kind::conversation: conversation(descriptor); break;
      case Kind::follow_up: follow_up(choices); break;
      case Kind::icmp_error: icmp_error(choices); break;
      case Kind::wait: wait(choices); break;
      case Kind::reload: reload(choices); break;
      default: break;
    }
  }

  void send(Send send, bool follows) {
    sent_.push_back({send, now_});
    run_.steps.push_back({now_, std::move(send), follows});
  }

  // Its last three numbers are those that its first packet looks at last, if at all.
  void conversation(const Descriptor& descriptor) {
    Send opening = packet_for(policy_, Choices(descriptor));
    Choices choices(descriptor, 12);
    const bool tcp = opening.packet.protocol == Protocol::tcp;
    Script script = tcp ? choices.of(tcp_scripts) : choices.of(other_scripts);
    const unsigned left_out = choices.below(8);
    const Duration gap = choices.of(gaps);
    std::vector<std::string_view> words;
    for (std::size_t begin = 0; begin < script.size();) {
      const std::size_t end = std::min(script.find(' ', begin), script.size());
      words.push_back(script.substr(begin, end - begin));
      begin = end + 1;
    }
    // One in two ends early, at any word.
    if (left_out > 3)
      words.resize(
          std::max<std::size_t>(1, words.size() - std::min<std::size_t>(words.size(), left_out - 3)));
    bool follows = false;
    for (const std::string_view word : words) {
      const bool reply = std::islower(static_cast<unsigned char>(word.front())) != 0;
      Send next = reply ? reply_to_sent(opening, flags_of(word)) : opening;
      if (tcp && next.packet.transport == Transport::whole) next.packet.tcp_flags = flags_of(word);
      if (follows) now_ += gap;
      send(std::move(next), follows);
      follows = true;
    }
  }

  // Mostly the last packet.
  const Sent* earlier(Choices& choices) const {
    const unsigned back = choices.number();
    if (sent_.empty()) return nullptr;
    return &sent_[sent_.size() - 1 - (back < 112 ? 0 : back % 24 % sent_.size())];
  }

  void follow_up(Choices& choices) {
    const Sent* before = earlier(choices);
    if (before == nullptr) return;
    const unsigned pause = choices.below(4);
    const unsigned which = choices.number();
    const Duration offset = choices.of(offsets);
    // The edge of a timeout, counted from that packet on.
    if (pause == 2) now_ = std::max(now_, before->at + timeout_for(before->send.packet, which) + offset);
    if (pause == 3) now_ += gaps.at(which % gaps.size());
    send(packet_after(policy_, before->send, choices), true);
  }

  void icmp_error(Choices& choices) {
    const Sent* before = earlier(choices);
    if (before == nullptr) return;
    const unsigned pause = choices.below(8);
    const unsigned which = choices.number();
    if (pause == 7) now_ = std::max(now_, before->at + timeout_for(before->send.packet, which));
    send(error_about(policy_, before->send, choices), true);
  }

  // A timeout that a flow of this packet may have (C-30 to C-37).
  [[nodiscard]] Duration timeout_for(const Packet& packet, unsigned which) const {
    const unsigned interface = which / 8;
    const Tracking tracking = policy_.interfaces.empty()
                                  ? Tracking{}
                                  : policy_.interfaces[interface % policy_.interfaces.size()].tracking;
    if (packet.protocol == Protocol::udp) return seconds(which % 2 == 0 ? tracking.udp : tracking.udp_stream);
    if (packet.protocol == Protocol::tcp) {
      const std::array<std::uint32_t, 8> all{tracking.tcp_established, 120, 60, 30, 10, 120, 120,
                                             tracking.tcp_established};
      return seconds(all.at(which % all.size()));
    }
    return seconds(is_icmp(packet.protocol) ? 30 : 600);
  }

  void wait(Choices& choices) {
    constexpr std::array<Duration, 16> lengths{seconds(1),   seconds(10),  seconds(30),     seconds(60),
                                               seconds(120), seconds(180), seconds(350),    seconds(600),
                                               seconds(5),   seconds(59),  milliseconds(1), milliseconds(999),
                                               Duration(1),  seconds(31),  seconds(61),     seconds(432000)};
    const Duration length = choices.of(lengths);
    now_ += std::max(Duration(0), length + choices.of(offsets));
  }

  void reload(Choices choices) {
    Descriptors before = parts_;
    const unsigned edit = choices.below(16);
    if (edit == 0 || edit == 1) {  // back to what was
      if (undo_.empty()) return;
      parts_ = std::move(undo_.back());
      undo_.pop_back();
    } else {
      change(edit, choices);
      undo_.push_back(std::move(before));
    }
    policy_ = policy_of(parts_);
    run_.steps.push_back({now_, Reload{policy_}, false});
  }

  void change(unsigned edit, Choices& choices) {
    switch (edit) {
      case 2:
      case 3: return set(Setting::group_base, choices.number(), 1);  // opened both ways: C-25
      case 4: return set(Setting::group_base, choices.number(), 2);  // closed
      case 5: return set(Setting::group_base, choices.number(), choices.number());
      case 6: return set(Setting::tracking, choices.number(), choices.number());
      case 7: return set(Setting::flow_limit, 0, choices.number());
      case 8: return remove(Kind::interface, choices.number());
      case 9: return change_groups(choices);
      case 10: return remove(Kind::rule, choices.number());
      case 11: return remove(Kind::entry, choices.number());
      case 12: return add(choices);
      case 13: return add(choices);
      case 14: return change_number(choices);
      default: return;  // the same policy once more
    }
  }

  void set(Setting setting, unsigned which, unsigned value) {
    parts_.push_back({Kind::setting,
                      {static_cast<std::uint8_t>(setting), static_cast<std::uint8_t>(which),
                       static_cast<std::uint8_t>(value)}});
  }

  void add(Choices& choices) {
    Descriptor part{Kind{static_cast<std::uint8_t>(choices.below(5))}, {}};
    for (std::uint8_t& number : part.numbers) number = choices.number();
    parts_.push_back(part);
  }

  void change_number(Choices& choices) {
    if (parts_.empty()) return;
    Descriptor& part = parts_[choices.below(parts_.size())];
    part.numbers.at(choices.below(10)) = choices.number();
  }

  void change_groups(Choices& choices) {
    std::vector<Descriptor*> interfaces;
    for (Descriptor& part : parts_)
      if (part.kind == Kind::interface) interfaces.push_back(&part);
    if (interfaces.empty()) return;
    choices.of(interfaces)->numbers.at(2) = choices.number();
  }

  void remove(Kind kind, unsigned which) {
    const auto count =
        std::count_if(parts_.begin(), parts_.end(), [kind](const auto& part) { return part.kind == kind; });
    if (count == 0) return;
    auto left = which % static_cast<unsigned>(count);
    for (auto part = parts_.begin();; ++part)
      if (part->kind == kind && left-- == 0) {
        parts_.erase(part);
        return;
      }
  }

  Run run_;
  Policy policy_;  // now in force
  Descriptors parts_;
  std::vector<Descriptors> undo_;
  std::vector<Sent> sent_;
  Duration now_{};
};

}  // namespace

Run run_of(const Descriptors& descriptors) { return RunBuilder(descriptors).take(); }

}  // namespace vpcwall::property
