// The kernel's own view of its packet queues: /proc/net/netfilter/nfnetlink_queue.
//
// The table belongs to a network namespace: that of the thread which opens it. Reading is possible from any
// thread afterwards. An unreadable table reads as empty; it is statistics, not something to fail on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/file_descriptor.h"

namespace vpcwall {

struct KernelQueueRow {
  std::uint32_t number = 0;
  std::uint32_t port = 0;            // netlink port of the process that bound it
  std::uint32_t waiting = 0;         // packets without a verdict
  std::uint64_t kernel_dropped = 0;  // the queue was full
  std::uint64_t user_dropped = 0;    // the socket buffer was full
  std::uint32_t last_id = 0;         // of packets that found room in the queue; counts modulo 2^32

  friend bool operator==(const KernelQueueRow&, const KernelQueueRow&) = default;
};

[[nodiscard]] FileDescriptor open_kernel_queue_table() noexcept;
[[nodiscard]] std::optional<KernelQueueRow> kernel_queue_row(const FileDescriptor& table,
                                                             std::uint32_t number);
// One line of the table; nothing if it is not one.
[[nodiscard]] std::optional<KernelQueueRow> parse_kernel_queue_row(std::string_view line);

}  // namespace vpcwall
