#include "cli/replay/capture_file.h"

#include <pcap/pcap.h>

#include <array>

namespace vpcwall {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// Times from 1970 to 2255 have room in 63 bits of nanoseconds.
constexpr std::int64_t last_second = 9'000'000'000;
constexpr std::int64_t wrapped = std::int64_t{1} << 32U;

// pcap's seconds have 32 bits without a sign; libpcap takes the highest bit for one.
std::int64_t second_of(const timeval& time) noexcept {
  const auto second = static_cast<std::int64_t>(time.tv_sec);
  return second < 0 && second >= -(wrapped / 2) ? second + wrapped : second;
}

std::string shown(const std::string& path) { return path == "-" ? "stdin" : path; }

// libpcap puts the path in front of what it says of some files.
std::string without_path(const std::string& message, const std::string& path) {
  const std::string prefix = path + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

std::string link_name(int number) {
  const char* name = ::pcap_datalink_val_to_description(number);
  return name != nullptr ? name : "number " + std::to_string(number);
}

}  // namespace

void CaptureFile::Close::operator()(pcap* handle) const noexcept { ::pcap_close(handle); }

CaptureFile::CaptureFile(std::unique_ptr<pcap, Close> handle, std::string path, LinkType link_type)
    : handle_(std::move(handle)), path_(std::move(path)), link_type_(link_type) {}

Expected<CaptureFile, std::string> CaptureFile::open(const std::string& path) {
  std::array<char, PCAP_ERRBUF_SIZE> problem{};
  std::unique_ptr<pcap, Close> handle(
      ::pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, problem.data()));
  if (!handle)
    return Unexpected{shown(path) + ": error: " + without_path(problem.data(), path) +
                      "; expected a capture file, pcap or pcapng"};
  const int number = ::pcap_datalink(handle.get());
  const auto link_type = find_link_type(number);
  if (!link_type)
    return Unexpected{shown(path) + ": error: found link type " + link_name(number) +
                      ", expected Ethernet, Linux cooked, raw IP or loopback"};
  return CaptureFile(std::move(handle), path, *link_type);
}

void CaptureFile::complain(const std::string& problem) {
  damage_ = shown(path_) + ": error: packet " + std::to_string(frames_ + 1) + ": " + problem;
}

std::optional<CapturedFrame> CaptureFile::next() {
  if (!damage_.empty()) return std::nullopt;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int result = ::pcap_next_ex(handle_.get(), &header, &bytes);
  if (result == PCAP_ERROR) complain(::pcap_geterr(handle_.get()));
  if (result != 1) return std::nullopt;

  const std::int64_t second = second_of(header->ts);
  if (second < 0 || second > last_second) {
    complain("found a time stamp of " + std::to_string(second) + " seconds since 1970, expected 0 to " +
             std::to_string(last_second));
    return std::nullopt;
  }
  ++frames_;
  return CapturedFrame{frames_, seconds(second) + nanoseconds(header->ts.tv_usec),
                       std::max(header->len, header->caplen),
                       std::as_bytes(std::span(bytes, header->caplen))};
}

}  // namespace vpcwall
