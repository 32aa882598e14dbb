// The contract between a worker and whatever hands it packets; lib/'s only virtual interface.
// daemon/queue/nfqueue.cpp implements it on the kernel, tests implement it in memory.
//
//   std::span<const QueuedPacket> burst = queue.receive(100ms);   // at most max_burst
//   ... one verdict per packet ...
//   queue.answer(verdicts);                                       // same order, same count, exactly once
//
// receive() and answer() belong to one thread. wake() and statistics() may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "engine/decision.h"

namespace vpcwall {

inline constexpr std::size_t max_burst = 64;

// Where in the kernel the packet was taken; decides what its devices mean.
enum class HookPoint : std::uint8_t {
  forward,    // router mode: came in by one device, leaves by another
  local_in,   // host mode: arrives by a device, for this host or for another one
  local_out,  // host mode: leaves by a device, from this host or from another one
};

struct QueuedPacket {
  std::span<const std::byte> bytes;  // from the IP header; may be cut to the copy range
  std::uint32_t wire_length = 0;     // bytes of the whole packet
  std::uint32_t in_device = 0;       // kernel interface index, 0 = none
  std::uint32_t out_device = 0;
  HookPoint hook = HookPoint::forward;
};

// Since this object has the queue. Every packet that a rule sends there ends in one place:
//
//   handed = kernel_dropped + user_dropped + abandoned + waiting + answered
//
// exactly, once nothing is on its way; `answered` is what was received and what was undecodable.
struct QueueStatistics {
  std::uint32_t number = 0;     // the kernel's queue number
  std::uint64_t handed = 0;     // packets that the kernel's rules sent here
  std::uint64_t answered = 0;   // with a verdict
  std::uint64_t abandoned = 0;  // taken by a process before and not answered; dropped
  std::uint64_t received = 0;   // packets handed to the worker
  std::uint64_t bursts = 0;
  std::uint32_t waiting = 0;         // in the kernel queue now, without a verdict
  std::uint64_t kernel_dropped = 0;  // the queue was full
  std::uint64_t user_dropped = 0;    // the socket buffer was full
  // What was not even a message about a packet, and was therefore dropped.
  std::uint64_t undecodable = 0;
  std::uint64_t overruns = 0;          // how often the kernel said that messages were lost on the way
  std::uint64_t refused_verdicts = 0;  // by the kernel, for instance of packets whose device went away
};

class PacketQueue {
 public:
  PacketQueue() = default;
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;
  virtual ~PacketQueue() = default;

  // Waits for at least one packet, a wake() or the end of `max_wait`, whichever comes first; returns what is
  // there without waiting for more. The span and the bytes it points to are valid until the next call.
  // Throws std::system_error when the queue can no longer be read.
  [[nodiscard]] virtual std::span<const QueuedPacket> receive(Duration max_wait) = 0;

  // verdicts[i] answers burst[i] of the last receive().
  virtual void answer(std::span<const Verdict> verdicts) = 0;

  // Makes a receive() in progress, or the next one, return at once.
  virtual void wake() noexcept = 0;

  [[nodiscard]] virtual QueueStatistics statistics() const = 0;
};

}  // namespace vpcwall
