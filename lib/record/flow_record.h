// One line of a VPC flow log: what one interface saw of one flow, in one direction, within one interval.
//
// Fields of versions 2 to 5 and 8, by AWS's names (F-12 to F-36). What only an AWS account knows (account,
// VPC, instance, Region) is `-`. Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "net/packet.h"
#include "policy/policy.h"

namespace vpcwall {

enum class RecordAction : std::uint8_t { accept, reject };  // F-24, F-41

struct FlowRecord {
  std::string interface_id, subnet_id;
  IpAddress source, destination;                // as the interface's primary addresses show them (F-47, F-48)
  IpAddress packet_source, packet_destination;  // as the packet has them (F-29)
  std::uint16_t source_port = 0, destination_port = 0;  // 0 for protocols without ports (F-44, F-46)
  Protocol protocol = Protocol::no_next_header;
  std::uint64_t packets = 0, bytes = 0;  // bytes from the IP header on (F-45)
  std::int64_t start = 0, end = 0;  // seconds, of the first and the last packet; of the interval without data
  RecordAction action = RecordAction::accept;
  Direction direction = Direction::ingress;  // F-32
  std::uint8_t tcp_flags = 0;                // F-49 to F-51
  bool inside_vpc = false;                   // the far end: traffic-path 1, otherwise 8 (F-33, F-40)
  bool no_data = false;                      // NODATA: no traffic in the interval (F-43)
};

// F-49, F-51: FIN 1, SYN 2, RST 4, SYN with ACK 18.
[[nodiscard]] std::uint8_t record_flags(const TcpFlags& flags) noexcept;

// The fields of a record, in order: "${srcaddr} ${dstaddr} ${action}", or the default format (F-10).
inline constexpr std::string_view default_record_format =
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
    "${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}";

// One line without its end. The error names a field that AWS does not have. The version of a format is the
// highest of its fields' (F-11).
[[nodiscard]] Expected<std::string, std::string> record_text(const FlowRecord& record,
                                                             std::string_view format);

}  // namespace vpcwall
