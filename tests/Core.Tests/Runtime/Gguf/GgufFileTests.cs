using System.Buffers.Binary;
using Amalgam.Runtime.Gguf;
using Xunit;

namespace Core.Tests.Runtime.Gguf;

/// <summary>Whatever a file claims, it is read right or refused in one clear line.</summary>
public sealed class GgufFileTests : IDisposable
{
    private readonly string path = TinyGguf.WriteTemporary(new TinyModel());

    public void Dispose() => File.Delete(path);

    [Fact]
    public unsafe void Metadata_and_tensors_are_found()
    {
        using var file = GgufFile.Open(path);
        var table = file.RequiredTensor("token_embd.weight");
        Assert.Equal("llama", file.Architecture);
        Assert.Equal(2, file.Metadata.Integer("llama.block_count"));
        Assert.Equal([64L, 83L], table.Dimensions);
        Assert.Equal(64 * 83 * 4, table.ByteLength);
        Assert.Equal(File.ReadAllBytes(path)[(int)table.Offset], *table.Pointer);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var bytes = File.ReadAllBytes(path);
        for (var length = 0; length < bytes.Length; length += Math.Max(1, length < 3000 ? 37 : bytes.Length / 50))
        {
            Refused(bytes[..length]);
        }
    }

    [Fact]
    public void Any_changed_byte_of_the_header_is_read_or_refused_and_never_worse()
    {
        var bytes = File.ReadAllBytes(path);
        var random = new Random(7); // seed 7
        for (var round = 0; round < 400; round++)
        {
            var copy = bytes.ToArray();
            copy[random.Next(1500)] = (byte)random.Next(256);
            File.WriteAllBytes(path, copy);
            try
            {
                using var file = GgufFile.Open(path);
            }
            catch (ModelFormatException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    [Fact]
    public void Impossible_counts_are_refused_without_taking_memory()
    {
        var bytes = File.ReadAllBytes(path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var at in new[] { 8, 16 })
        {
            var copy = bytes.ToArray();
            BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(at), ulong.MaxValue / 2);
            Assert.Contains("more than", Refused(copy), StringComparison.Ordinal);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4L * bytes.Length + 1_000_000);
    }

    [Fact]
    public void Other_byte_order_and_other_versions_are_told_apart()
    {
        var bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 3);
        Assert.Contains("big-endian", Refused(bytes), StringComparison.Ordinal);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), 9);
        Assert.Contains("version 9", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_model_is_said_to_be_none()
    {
        Assert.Contains("not a GGUF file", Refused(new byte[100]), StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<ModelFormatException>(() => GgufFile.Open(path + ".missing")).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<ModelFormatException>(() => GgufFile.Open(Path.GetTempPath())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_two_is_read_like_version_three()
    {
        var bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), 2);
        File.WriteAllBytes(path, bytes);
        using var file = GgufFile.Open(path);
        Assert.Equal(2, file.Version);
    }

    private string Refused(byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        var error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(path).Dispose());
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }
}
