# Reads the google.protobuf.FileDescriptorSet that Tickr::Grpc makes, for the clients of gRPC in t/.
from google.protobuf import descriptor_pb2, descriptor_pool


def load(path):
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, 'rb') as source:
        files.ParseFromString(source.read())
    for file in files.file:
        pool.Add(file)
    return pool
