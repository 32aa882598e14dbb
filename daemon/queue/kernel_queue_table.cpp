#include "daemon/queue/kernel_queue_table.h"

#include <fcntl.h>

#include <array>
#include <charconv>
#include <string>

namespace vpcwall {

FileDescriptor open_kernel_queue_table() noexcept {
  // "self" would be the main thread, whose namespace need not be the caller's.
  return FileDescriptor{open("/proc/thread-self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC)};
}

std::optional<KernelQueueRow> parse_kernel_queue_row(std::string_view line) {
  // number, port, waiting, copy mode, copy range, dropped by the kernel, dropped at the socket, last id, 1
  std::array<std::uint64_t, 8> fields{};
  const char* at = line.data();
  const char* const end = line.data() + line.size();
  for (std::uint64_t& field : fields) {
    while (at != end && *at == ' ') ++at;
    const auto [next, error] = std::from_chars(at, end, field);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  return KernelQueueRow{.number = static_cast<std::uint32_t>(fields[0]),
                        .port = static_cast<std::uint32_t>(fields[1]),
                        .waiting = static_cast<std::uint32_t>(fields[2]),
                        .kernel_dropped = fields[5],
                        .user_dropped = fields[6],
                        .last_id = static_cast<std::uint32_t>(fields[7])};
}

std::optional<KernelQueueRow> kernel_queue_row(const FileDescriptor& table, std::uint32_t number) {
  if (!table) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t size = pread(table.get(), piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (size <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::optional<KernelQueueRow> row = parse_kernel_queue_row(rest.substr(0, end));
    if (row && row->number == number) return row;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

}  // namespace vpcwall
