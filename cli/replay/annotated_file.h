// The capture once more, as a pcapng file in which every packet carries what became of it as its comment.
//
//   vpcwall: drop, acl-default: acl-ingress public allow 100, sg-ingress web tracked web, acl-egress public
//   deny *
//
// Packets keep their bytes, lengths, times and link type. Two policies write a comment each, with the file
// name of the policy. The file appears when it is whole: see AtomicFile, whose errors are thrown. One thread.
#pragma once

#include "cli/files/atomic_file.h"
#include "cli/replay/played_capture.h"

namespace vpcwall {

class AnnotatedFile {
 public:
  AnnotatedFile(const std::string& path, const PlayedCapture& capture);

  void add(const CapturedFrame& frame, const PlayedFrame& played, const PlayedCapture& capture);
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  std::vector<std::byte> block_;
};

}  // namespace vpcwall
