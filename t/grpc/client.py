# A client of gRPC for tests: python3-grpcio, with messages as JSON. Tickr::Grpc starts it and speaks with it.
#
#	client.py DESCRIPTORS ADDRESS [CA]
#
# DESCRIPTORS is a google.protobuf.FileDescriptorSet. Each line of the input is a command as JSON, and has one line of
# output. A command has "do" and, for streams and calls in the background, the "id" that the test chose:
#
#	call	method, request, timeout, metadata, compress	one call to its end
#	start	id, as call					the same, in the background
#	end	id						its end
#	open	id, method, requests				a call with a stream of answers
#	next	id						the next answer, or the end
#	cancel	id
import json
import sys

import grpc
from google.protobuf import json_format, message_factory

sys.dont_write_bytecode = True  # the folder of the source stays as it is
from descriptors import load


class Client:
    def __init__(self, pool, channel):
        self.pool = pool
        self.factory = message_factory.MessageFactory(pool)
        self.channel = channel
        self.running = {}

    def method(self, path):
        service, name = path.strip('/').split('/')
        try:
            found = self.pool.FindServiceByName(service).FindMethodByName(name)
        except KeyError:
            found = None
        if found is None:
            return lambda _: b'', lambda _: {}
        ask = self.factory.GetPrototype(found.input_type)
        answer = self.factory.GetPrototype(found.output_type)
        return (lambda request: json_format.ParseDict(request, ask()).SerializeToString(),
                lambda data: json_format.MessageToDict(answer.FromString(data), preserving_proto_field_name=True))

    def options(self, command):
        metadata = [tuple(field) for field in command.get('metadata', [])]
        compression = grpc.Compression.Gzip if command.get('compress') else None
        return dict(timeout=command.get('timeout'), metadata=metadata, compression=compression)

    def start(self, command):
        write, read = self.method(command['method'])
        raw = command.get('raw')
        request = bytes.fromhex(raw) if raw is not None else write(command.get('request', {}))
        call = self.channel.unary_unary(command['method'], None, read)
        return call.future(request, **self.options(command))

    def end(self, future):
        try:
            return {'code': 'OK', 'response': future.result()}
        except grpc.FutureCancelledError:
            return {'code': 'CANCELLED', 'message': ''}
        except grpc.RpcError as error:
            return {'code': error.code().name, 'message': error.details()}

    def open(self, command):
        write, read = self.method(command['method'])
        requests = [write(request) for request in command['requests']]
        call = self.channel.stream_stream(command['method'], None, read)
        return call(iter(requests), **self.options(command))

    def next(self, stream):
        try:
            return {'response': next(stream)}
        except StopIteration:
            return {'code': 'OK'}
        except grpc.RpcError as error:
            return {'code': error.code().name, 'message': error.details()}

    def run(self, command):
        name = command['do']
        if name == 'call':
            return self.end(self.start(command))
        if name == 'start':
            self.running[command['id']] = self.start(command)
        elif name == 'open':
            self.running[command['id']] = self.open(command)
        elif name == 'end':
            return self.end(self.running.pop(command['id']))
        elif name == 'next':
            return self.next(self.running[command['id']])
        elif name == 'cancel':
            self.running[command['id']].cancel()
        return {}


def main():
    address = sys.argv[2]
    limits = [('grpc.max_receive_message_length', 64 << 20), ('grpc.use_local_subchannel_pool', 1)]
    if len(sys.argv) > 3:
        with open(sys.argv[3], 'rb') as ca:
            channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca.read()), limits)
    else:
        channel = grpc.insecure_channel(address, limits)
    client = Client(load(sys.argv[1]), channel)
    for line in sys.stdin:
        print(json.dumps(client.run(json.loads(line))), flush=True)


main()
