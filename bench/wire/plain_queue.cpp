// plain_queue: a queue program as tutorials write it, for comparison: the library's callbacks, whole packets,
// one verdict and one system call for each, everything accepted.
#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace {

int accept_packet(nfq_q_handle* queue, nfgenmsg* /*message*/, nfq_data* packet, void* /*context*/) {
  const nfqnl_msg_packet_hdr* header = nfq_get_msg_packet_hdr(packet);
  return nfq_set_verdict(queue, header != nullptr ? ntohl(header->packet_id) : 0, NF_ACCEPT, 0, nullptr);
}

}  // namespace

int main() {
  nfq_handle* library = nfq_open();
  nfq_q_handle* queue = library != nullptr ? nfq_create_queue(library, 0, accept_packet, nullptr) : nullptr;
  if (queue == nullptr || nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0) {
    std::perror("plain_queue");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  alignas(8) std::array<char, 0x11000> buffer{};
  for (;;) {
    const ssize_t size = ::recv(nfq_fd(library), buffer.data(), buffer.size(), 0);
    if (size >= 0) nfq_handle_packet(library, buffer.data(), static_cast<int>(size));
    if (size < 0 && errno != ENOBUFS && errno != EINTR) return 1;
  }
}
