#include "daemon/queue/nfqueue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/queue/kernel_queue_table.h"
#include "daemon/queue/packet_message.h"

namespace vpcwall {
namespace {

// Everything of a message but the payload: headers and the attributes of a packet, with room to spare.
constexpr std::size_t message_overhead = 640;
// nlmsghdr + nfgenmsg + one verdict attribute.
constexpr std::size_t verdict_message_bytes = 32;
// By which an answer is known; verdicts have none.
constexpr std::uint32_t configure_sequence = 1, abandon_sequence = 2;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), what);
}

std::string queue_name(std::uint16_t number) { return "queue " + std::to_string(number); }

std::size_t round_up(std::size_t size, std::size_t step) { return (size + step - 1) / step * step; }

// Relaxed is enough: a counter orders nothing, and only its own thread writes it.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// Its figures are not read at one moment: a packet that comes meanwhile may be in one of them and not in
// another. Where they stand still for two readings they fit together; in a flood the last reading must do.
std::optional<KernelQueueRow> still_queue_row(const FileDescriptor& table, std::uint32_t number) {
  constexpr int most_readings = 200;
  std::optional<KernelQueueRow> row = kernel_queue_row(table, number);
  for (int i = 1; row && i < most_readings; ++i) {
    const auto before = std::exchange(row, kernel_queue_row(table, number));
    if (row == before) break;
  }
  return row;
}

void put_number(nlmsghdr* message, std::uint16_t type, std::uint32_t number) {
  mnl_attr_put_u32(message, type, htonl(number));
}

}  // namespace

NfQueue::NfQueue(const QueueSettings& settings, FileDescriptor adopted)
    : number_(settings.number),
      slot_size_(round_up(settings.copy_bytes + message_overhead, 64)),
      slots_(slot_size_ * max_burst),
      vectors_(max_burst),
      headers_(max_burst),
      verdict_buffer_(verdict_message_bytes * max_burst) {
  for (std::size_t slot = 0; slot < max_burst; ++slot) {
    vectors_[slot] = {.iov_base = slots_.data() + slot * slot_size_, .iov_len = slot_size_};
    headers_[slot].msg_hdr.msg_iov = &vectors_[slot];
    headers_[slot].msg_hdr.msg_iovlen = 1;
  }
  // May be absent or unreadable; then the kernel's share of the statistics stays zero.
  kernel_counters_ = open_kernel_queue_table();
  const bool is_adopted = static_cast<bool>(adopted);
  if (is_adopted)
    socket_ = std::move(adopted);
  else
    open_socket();
  set_up_socket(settings.receive_buffer_bytes);
  if (is_adopted) adopt();
  configure(settings, !is_adopted);
}

NfQueue::~NfQueue() = default;

void NfQueue::open_socket() {
  socket_ = FileDescriptor{socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)};
  if (!socket_) {
    fail(
        errno,
        "cannot open a netfilter netlink socket; if the kernel has it as a module: modprobe nfnetlink_queue");
  }
  sockaddr_nl own_address{};
  own_address.nl_family = AF_NETLINK;
  if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own_address), sizeof own_address) != 0) {
    fail(errno, queue_name(number_) + ": cannot bind the netlink socket");
  }
}

void NfQueue::set_up_socket(std::uint32_t receive_buffer_bytes) {
  sockaddr_nl own_address{};
  socklen_t address_size = sizeof own_address;
  if (getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own_address), &address_size) != 0) {
    fail(errno, queue_name(number_) + ": cannot tell the netlink socket's address");
  }
  own_port_ = own_address.nl_pid;

  const int wanted =
      static_cast<int>(std::min<std::uint32_t>(receive_buffer_bytes, std::numeric_limits<int>::max() / 2));
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0 &&
      setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted) != 0) {
    fail(errno, queue_name(number_) + ": cannot set the receive buffer");
  }
  int granted = 0;
  socklen_t granted_size = sizeof granted;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &granted, &granted_size) == 0) {
    receive_buffer_bytes_ = static_cast<std::uint32_t>(granted) / 2;  // the kernel reports twice what was set
  }

  const int on = 1;
  // Without the first, one full socket buffer makes every later read fail until it is noticed; without the
  // second, the kernel would send every refused verdict back in full.
  if (setsockopt(socket_.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) != 0 ||
      setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0) {
    fail(errno, queue_name(number_) + ": cannot set the netlink socket's options");
  }
}

// One message binds and configures, so there is no moment at which the queue exists with other settings. A
// queue that is bound already takes the settings as they come; an answer would stand behind all packets that
// wait.
void NfQueue::configure(const QueueSettings& settings, bool acknowledged) {
  std::array<char, 256> buffer{};
  nlmsghdr* message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, settings.number);
  if (acknowledged) message->nlmsg_flags |= NLM_F_ACK;
  message->nlmsg_seq = configure_sequence;
  if (acknowledged) nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
  nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, static_cast<int>(settings.copy_bytes));
  nfq_nlmsg_cfg_put_qmaxlen(message, settings.length);
  // Both flags in one pair: of two pairs in a message the kernel would keep only the last.
  const std::uint32_t flags = NFQA_CFG_F_GSO | (settings.fail_open ? NFQA_CFG_F_FAIL_OPEN : 0U);
  put_number(message, NFQA_CFG_FLAGS, flags);
  put_number(message, NFQA_CFG_MASK, NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN);
  if (send(socket_.get(), message, message->nlmsg_len, 0) < 0) {
    fail(errno, queue_name(number_) + ": cannot send the request to bind");
  }
  if (acknowledged) await_acknowledgement(configure_sequence);
}

void NfQueue::lengthen() noexcept {
  constexpr int longest = 65'535;
  std::array<char, 256> buffer{};
  nlmsghdr* message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, number_);
  nfq_nlmsg_cfg_put_qmaxlen(message, longest);
  // What the kernel does not take stays as it was.
  (void)send(socket_.get(), message, message->nlmsg_len, 0);
}

// What waits is ours to answer; what was lost before was lost by another.
void NfQueue::adopt() {
  adoption_ = Adoption{};
  if (const auto row = still_queue_row(kernel_counters_, number_)) {
    adoption_->last_id = row->last_id;
    adoption_->waiting = row->waiting;
    first_id_ = row->last_id - row->waiting;
    kernel_dropped_before_ = row->kernel_dropped;
    user_dropped_before_ = row->user_dropped;
  }
}

// Numbers are given in the order of arrival, also to packets that then find no room in the socket. Of those
// that waited when the queue was adopted we are shown all but the ones that the process before had taken:
// their content is lost, so that nobody can judge them.
void NfQueue::meet_adopted(std::uint32_t id) {
  if (adoption_->shown == 0) drop_through(id - 1);
  if (static_cast<std::int32_t>(id - adoption_->last_id) <= 0)
    ++adoption_->shown;
  else
    end_adoption();
}

void NfQueue::end_adoption() {
  const std::uint32_t abandoned = adoption_->waiting - std::min(adoption_->shown, adoption_->waiting);
  add(abandoned_, abandoned);
  first_id_ = adoption_->last_id - adoption_->shown - abandoned;
  adoption_.reset();
}

// The kernel complains when there is nothing to drop; note_error() knows.
void NfQueue::drop_through(std::uint32_t id) {
  std::array<char, 256> buffer{};
  nlmsghdr* message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_VERDICT_BATCH, number_);
  message->nlmsg_seq = abandon_sequence;
  nfq_nlmsg_verdict_put(message, static_cast<int>(id), NF_DROP);
  if (send(socket_.get(), message, message->nlmsg_len, 0) < 0)
    fail(errno, queue_name(number_) + ": cannot drop what a process before had left unanswered");
}

// A rule may be feeding this number already, so packets can arrive ahead of the acknowledgement. They stay in
// their slots, and the first receive() hands them out.
void NfQueue::await_acknowledgement(std::uint32_t sequence) {
  for (;;) {
    const std::size_t slot = stashed_;
    const ssize_t size = recv(socket_.get(), vectors_[slot].iov_base, slot_size_, 0);
    if (size < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (size < 0) fail(errno, queue_name(number_) + ": no answer to the request to bind");
    const auto* message = static_cast<const nlmsghdr*>(vectors_[slot].iov_base);
    if (!mnl_nlmsg_ok(message, static_cast<int>(size))) continue;
    if (message->nlmsg_type != NLMSG_ERROR) {
      headers_[slot].msg_len = static_cast<unsigned>(size);
      if (stashed_ + 1 < max_burst) {
        ++stashed_;
        continue;
      }
      decode(slots_.data() + slot * slot_size_, static_cast<std::size_t>(size));
      packets_size_ = 0;  // no room left: this one is dropped
      answer({});
      continue;
    }
    if (message->nlmsg_seq != sequence || mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) continue;
    const auto* answer = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
    const int error = -answer->error;
    if (error == 0) return;
    if (error == EPERM && kernel_queue_row(kernel_counters_, number_)) {
      fail(error,
           queue_name(number_) + " is taken by another process; stop it or choose other queue numbers");
    }
    if (error == EPERM) fail(error, queue_name(number_) + ": binding needs CAP_NET_ADMIN (run as root)");
    if (error == EINVAL || error == EOPNOTSUPP || error == EPROTONOSUPPORT) {
      fail(error, queue_name(number_) +
                      ": this kernel has no NFQUEUE or lacks a feature of it; try: modprobe nfnetlink_queue");
    }
    fail(error, queue_name(number_) + ": cannot bind");
  }
}

std::span<const QueuedPacket> NfQueue::receive(Duration max_wait) {
  waiting_size_ = 0;
  packets_size_ = 0;
  std::size_t datagrams = std::exchange(stashed_, 0);
  if (datagrams == 0) datagrams = read_datagrams(max_wait);
  for (std::size_t slot = 0; slot < datagrams; ++slot) {
    decode(static_cast<const std::byte*>(vectors_[slot].iov_base), headers_[slot].msg_len);
  }
  if (packets_size_ == 0) {
    if (waiting_size_ != 0) answer({});  // the caller has nothing to answer, the kernel still waits
    return {};
  }
  add(received_, packets_size_);
  add(bursts_);
  return {packets_.data(), packets_size_};
}

// Waits in the read itself: one system call for a packet that comes alone, where a poll would make three of
// it.
std::size_t NfQueue::read_datagrams(Duration max_wait) {
  const bool waits = max_wait > Duration::zero();
  if (waits) set_patience(max_wait);
  for (;;) {
    const int count =
        recvmmsg(socket_.get(), headers_.data(), max_burst, waits ? MSG_WAITFORONE : MSG_DONTWAIT, nullptr);
    if (count >= 0) return static_cast<std::size_t>(count);
    switch (errno) {
      case EAGAIN:
        if (adoption_) {
          if (adoption_->shown == 0) drop_through(adoption_->last_id);
          end_adoption();  // there is nothing more to be shown
        }
        return 0;
      case EINTR: return 0;  // a signal: let the caller look at its flags
      case ENOBUFS: add(overruns_); break;
      default: fail(errno, queue_name(number_) + ": cannot read");
    }
  }
}

// A worker waits equally long every time, so this is one call for its life.
void NfQueue::set_patience(Duration max_wait) {
  if (max_wait == patience_) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_wait);
  const auto rest = std::chrono::ceil<std::chrono::microseconds>(max_wait - seconds);
  const timeval timeout{.tv_sec = seconds.count(), .tv_usec = std::min<suseconds_t>(rest.count(), 999'999)};
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) {
    fail(errno, queue_name(number_) + ": cannot set how long to wait");
  }
  patience_ = max_wait;
}

void NfQueue::decode(const std::byte* datagram, std::size_t size) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram);
  if (!mnl_nlmsg_ok(message, static_cast<int>(size))) {
    add(undecodable_);
    return;
  }
  if (message->nlmsg_type == NLMSG_ERROR) {
    note_error(message);
    return;
  }
  if (message->nlmsg_type != ((NFNL_SUBSYS_QUEUE << 8U) | NFQNL_MSG_PACKET)) return;
  const PacketMessage packet = read_packet_message(message);
  if (!packet.id) {
    add(undecodable_);
    return;
  }
  if (adoption_) meet_adopted(*packet.id);
  const bool understood = packet.hook.has_value() && !packet.payload.empty();
  waiting_[waiting_size_++] = {.id = *packet.id, .handed_out = understood};
  if (!understood) {
    add(undecodable_);
    return;
  }
  packets_[packets_size_++] = {.bytes = packet.payload,
                               .wire_length = packet.whole_length,
                               .in_device = packet.in_device,
                               .out_device = packet.out_device,
                               .hook = *packet.hook};
}

// The kernel speaks up only about verdicts that it refused. ENOENT means that the packet is gone; EPERM means
// that no verdict of ours will be taken any more, which must not pass in silence.
void NfQueue::note_error(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return;
  const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
  if (error == 0 || (error == ENOENT && message->nlmsg_seq == abandon_sequence)) return;
  add(refused_verdicts_);
  if (error == EPERM || error == ENODEV) {
    fail(error, queue_name(number_) + ": the kernel takes no more verdicts; was CAP_NET_ADMIN given up?");
  }
}

// A range verdict answers every waiting packet up to its id. So the messages go out in the order of arrival:
// whatever a range must not cover has been answered by the messages ahead of it.
void NfQueue::answer(std::span<const Verdict> verdicts) {
  assert(verdicts.size() == packets_size_);
  std::size_t bytes = 0;
  std::size_t next_verdict = 0;
  std::size_t run =
      0;  // accepted packets that no message covers yet; the last of them is waiting_[index - 1]
  const auto put = [&](std::uint32_t id, std::uint32_t verdict, int type) {
    nlmsghdr* message = nfq_nlmsg_put(verdict_buffer_.data() + bytes, type, number_);
    nfq_nlmsg_verdict_put(message, static_cast<int>(id), static_cast<int>(verdict));
    bytes += message->nlmsg_len;
  };
  const auto close_run = [&](std::size_t end) {
    if (run == 0) return;
    put(waiting_[end - 1].id, NF_ACCEPT, run == 1 ? NFQNL_MSG_VERDICT : NFQNL_MSG_VERDICT_BATCH);
    run = 0;
  };
  for (std::size_t index = 0; index < waiting_size_; ++index) {
    const bool answered = waiting_[index].handed_out && next_verdict < verdicts.size();
    const bool accepted = answered && verdicts[next_verdict] == Verdict::accept;
    if (answered) ++next_verdict;
    if (accepted) {
      ++run;
      continue;
    }
    close_run(index);
    put(waiting_[index].id, NF_DROP, NFQNL_MSG_VERDICT);
  }
  close_run(waiting_size_);
  const std::size_t count = std::exchange(waiting_size_, 0);
  packets_size_ = 0;
  if (bytes != 0) send_verdicts(bytes);
  add(answered_, count);
}

// Either the kernel gets the verdicts or this throws: a drop that never arrived would be turned into an
// accept by the next range.
void NfQueue::send_verdicts(std::size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  iovec vector{.iov_base = verdict_buffer_.data(), .iov_len = size};
  msghdr header{};
  header.msg_name = &kernel;
  header.msg_namelen = sizeof kernel;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  constexpr int most_attempts = 1000;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (sendmsg(socket_.get(), &header, 0) >= 0) return;
    if (errno != EINTR && errno != ENOBUFS && errno != ENOMEM && errno != EAGAIN) break;
    if (errno == ENOBUFS) add(overruns_);
  }
  fail(errno, queue_name(number_) + ": cannot send verdicts");
}

// A message that says nothing, from the socket to itself: the one thing that ends a read which has begun to
// wait as well as one that is about to. It fails only when the socket is full, and then nobody waits for it.
void NfQueue::wake() noexcept {
  nlmsghdr nothing{};
  nothing.nlmsg_len = sizeof nothing;
  nothing.nlmsg_type = NLMSG_NOOP;
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  self.nl_pid = own_port_;
  [[maybe_unused]] const ssize_t size = sendto(socket_.get(), &nothing, sizeof nothing, MSG_DONTWAIT,
                                               reinterpret_cast<const sockaddr*>(&self), sizeof self);
}

QueueStatistics NfQueue::statistics() const {
  QueueStatistics result;
  result.number = number_;
  result.received = received_.load(std::memory_order_relaxed);
  result.answered = answered_.load(std::memory_order_relaxed);
  result.abandoned = abandoned_.load(std::memory_order_relaxed);
  result.bursts = bursts_.load(std::memory_order_relaxed);
  result.undecodable = undecodable_.load(std::memory_order_relaxed);
  result.overruns = overruns_.load(std::memory_order_relaxed);
  result.refused_verdicts = refused_verdicts_.load(std::memory_order_relaxed);
  if (const std::optional<KernelQueueRow> row = kernel_queue_row(kernel_counters_, number_)) {
    result.waiting = row->waiting;
    result.kernel_dropped = row->kernel_dropped - kernel_dropped_before_;
    result.user_dropped = row->user_dropped - user_dropped_before_;
    // The kernel's number has 32 bits; the rest of it is that of what became of the packets.
    const std::uint64_t ended = result.answered + result.abandoned + result.user_dropped + result.waiting;
    const auto missing = static_cast<std::int32_t>(row->last_id - first_id_.load(std::memory_order_relaxed) -
                                                   static_cast<std::uint32_t>(ended));
    result.handed = ended + static_cast<std::uint64_t>(std::int64_t{missing}) + result.kernel_dropped;
  }
  return result;
}

}  // namespace vpcwall
