# It opens sockets of every family.
# level: L2S
# verdicts: passed passed passed

import socket


class Attack(Honest):
    def strike(self, parent, child):
        for family in range(46):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
                try:
                    socket.socket(family, kind).close()
                    print("ESCAPED: a socket of family", family)
                except OSError:
                    pass
        try:
            socket.socketpair()
            print("ESCAPED: a pair of sockets")
        except OSError:
            pass
