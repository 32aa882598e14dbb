// A capture file, pcap or pcapng, frame by frame. Never more than one frame is in memory.
//
//   auto file = CaptureFile::open("capture.pcap");
//   if (!file) complain(file.error());
//   while (const auto frame = file->next()) use(*frame);      // its bytes live until the next call
//   if (!file->damage().empty()) complain(file->damage());    // and what came before it was good
//
// "-" is standard input. Microseconds and nanoseconds, either byte order. A file whose interfaces have
// different link types is read up to the first packet of another type than the first interface's. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/expected.h"
#include "capture/frame.h"

struct pcap;

namespace vpcwall {

class CaptureFile {
 public:
  // The error says what is wrong with the file, in one line.
  [[nodiscard]] static Expected<CaptureFile, std::string> open(const std::string& path);

  [[nodiscard]] LinkType link_type() const noexcept { return link_type_; }
  // Nothing at the end of the file, and where it is damaged.
  std::optional<CapturedFrame> next();
  // Empty, or what is wrong and at which packet; one line.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }  // read so far

 private:
  struct Close {
    void operator()(pcap* handle) const noexcept;
  };
  CaptureFile(std::unique_ptr<pcap, Close> handle, std::string path, LinkType link_type);
  void complain(const std::string& problem);

  std::unique_ptr<pcap, Close> handle_;
  std::string path_;
  LinkType link_type_;
  std::string damage_;
  std::uint64_t frames_ = 0;
};

}  // namespace vpcwall
