#include "replay/capture_replay.h"

namespace vpcwall {

bool CaptureReplay::watch(std::string_view interface, std::optional<Direction> direction) {
  watched_ = simulation_.policy().interface_named(interface);
  direction_ = direction;
  return watched_ != no_interface;
}

Journey CaptureReplay::journey(const Packet& packet) const {
  const Journey all = simulation_.journey(packet);
  if (watched_ == no_interface) return all;
  if (direction_)
    return *direction_ == Direction::egress ? Journey{watched_, no_interface}
                                            : Journey{no_interface, watched_};
  if (all.leaves != watched_) all.forget_leaving();
  if (all.enters != watched_) all.forget_entering();
  return all;
}

Decision CaptureReplay::judge_packet(const Arrival& arrival) {
  if (arrival.kind == Arrival::Kind::damaged) {
    simulation_.count(arrival.error, arrival.bytes, arrival.at);
    Decision decision;
    decision.reason = reason_of(arrival.error);
    return decision;
  }
  const Decision decision = simulation_.packet(arrival.packet, journey(arrival.packet), arrival.at);
  conversation_ = conversations_.add(arrival.packet, decision, arrival.at);
  return decision;
}

std::optional<Decision> CaptureReplay::judge(const Arrival& arrival) {
  ++kinds_.at(static_cast<std::size_t>(arrival.kind));
  conversation_ = nullptr;
  if (arrival.kind != Arrival::Kind::packet && arrival.kind != Arrival::Kind::damaged) return std::nullopt;
  const Decision decision = judge_packet(arrival);
  ++(decision.verdict == Verdict::accept ? accepted_ : dropped_);
  return decision;
}

}  // namespace vpcwall
