// One kernel queue of packets: PacketQueue on NFQUEUE.
//
// The constructor binds the queue and throws std::system_error with a message fit for the operator. From then
// on nothing is allocated and nothing is thrown per packet; receive() and answer() throw only when the kernel
// takes the queue away (std::system_error). A queue bound here holds every packet that a hook rule sends to
// its number until it is answered; destroying the object drops what waits (the kernel does it).
//
// receive() and answer() belong to one thread. wake() and statistics() may be called from any thread.
// Answering needs CAP_NET_ADMIN in the answering thread for as long as the queue lives.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daemon/file_descriptor.h"
#include "runtime/packet_queue.h"

struct nlmsghdr;

namespace vpcwall {

struct QueueSettings {
  std::uint16_t number = 0;
  // Bytes of a packet that the kernel copies to us. Plain TCP and UDP need at most 80, and 96 is what an
  // ICMPv6 error without extension headers takes (40 + 8 + 40 + 8). An ICMPv4 error with IP options in both
  // headers takes 136 (60 + 8 + 60 + 8), and IPv6 extension headers come on top of the 96. A quote that is
  // cut can only be judged without its ports, so the default leaves 96 bytes for extensions.
  // Against 96 bytes that costs a worker some 5 % of its time on packets of full size, nothing on small ones.
  std::uint32_t copy_bytes = 192;
  std::uint32_t length = 2048;  // packets that may wait for a verdict
  std::uint32_t receive_buffer_bytes = 16U << 20U;
  // What happens to a packet that finds the queue full: false = dropped, true = passed unjudged.
  bool fail_open = false;
};

class NfQueue : public PacketQueue {
 public:
  // `adopted`, if there is one, is the socket of a process before, still bound to the queue: what waits there
  // is judged; what that process had taken and not answered, because it was killed, is dropped.
  explicit NfQueue(const QueueSettings& settings, FileDescriptor adopted = FileDescriptor());
  ~NfQueue() override;
  NfQueue(const NfQueue&) = delete;
  NfQueue& operator=(const NfQueue&) = delete;

  [[nodiscard]] std::span<const QueuedPacket> receive(Duration max_wait) override;
  void answer(std::span<const Verdict> verdicts) override;
  void wake() noexcept override;
  [[nodiscard]] QueueStatistics statistics() const override;

  // The socket, for a process that comes after this one.
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
  // Lets more packets wait while nobody reads: until the next process adopts the queue.
  void lengthen() noexcept;

  // What the socket really got; less than asked for where the process may not exceed net.core.rmem_max.
  [[nodiscard]] std::uint32_t receive_buffer_bytes() const noexcept { return receive_buffer_bytes_; }

 private:
  // A queue of a process before, until all that waited there was met.
  struct Adoption {
    std::uint32_t last_id = 0;  // when it was adopted
    std::uint32_t waiting = 0;  // then
    std::uint32_t shown = 0;    // of these
  };
  // A packet of the last burst that the kernel waits for, whether or not it was understood.
  struct Waiting {
    std::uint32_t id = 0;
    bool handed_out = false;
  };

  void open_socket();
  void set_up_socket(std::uint32_t receive_buffer_bytes);
  void configure(const QueueSettings& settings, bool acknowledged);
  void adopt();
  void meet_adopted(std::uint32_t id);
  void end_adoption();
  void drop_through(std::uint32_t id);
  void await_acknowledgement(std::uint32_t sequence);
  [[nodiscard]] std::size_t read_datagrams(Duration max_wait);
  void set_patience(Duration max_wait);
  void decode(const std::byte* datagram, std::size_t size);
  void note_error(const nlmsghdr* message);
  void send_verdicts(std::size_t size);

  std::uint16_t number_;
  FileDescriptor socket_;
  std::uint32_t own_port_ = 0;           // the socket's address
  Duration patience_ = Duration::min();  // how long a read of the socket waits; not set yet
  FileDescriptor kernel_counters_;       // opened in the queue's network namespace, read from any thread
  std::uint32_t receive_buffer_bytes_ = 0;

  std::size_t slot_size_;
  std::vector<std::byte> slots_;  // max_burst datagrams of slot_size_ bytes
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> headers_;
  std::optional<Adoption> adoption_;
  std::size_t stashed_ = 0;  // datagrams that arrived before the acknowledgement of the bind

  std::array<Waiting, max_burst> waiting_{};
  std::array<QueuedPacket, max_burst> packets_{};
  std::size_t waiting_size_ = 0;
  std::size_t packets_size_ = 0;
  std::vector<char> verdict_buffer_;

  // What the kernel had counted before the queue was ours. One thread writes the first, any thread reads.
  std::atomic<std::uint32_t> first_id_{0};
  std::uint64_t kernel_dropped_before_ = 0, user_dropped_before_ = 0;

  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> abandoned_{0};
  std::atomic<std::uint64_t> bursts_{0};
  std::atomic<std::uint64_t> undecodable_{0};
  std::atomic<std::uint64_t> overruns_{0};
  std::atomic<std::uint64_t> refused_verdicts_{0};
};

}  // namespace vpcwall
