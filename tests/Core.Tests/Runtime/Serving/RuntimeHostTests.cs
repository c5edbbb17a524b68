using Amalgam.Runtime.Serving;
using Xunit;

namespace Core.Tests.Runtime.Serving;

public sealed class RuntimeHostTests
{
    [Fact]
    public async Task A_missing_model_and_a_missing_key_end_it_with_1()
    {
        var missing = Path.Combine(Path.GetTempPath(), $"amalgam-{Guid.NewGuid():N}.gguf");
        Assert.Equal(1, await RuntimeHost.RunAsync(new RuntimeOptions { ModelPath = missing, ParentlessOk = true }, CancellationToken.None));
        Assert.Equal(1, await RuntimeHost.RunAsync(new RuntimeOptions { ModelPath = missing, RequireKey = true }, CancellationToken.None));
    }

    [Fact]
    public async Task A_taken_port_ends_it_with_1()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal(1, await RuntimeHost.RunAsync(new RuntimeOptions { ModelPath = "any.gguf", Port = port }, CancellationToken.None));
    }

    [Fact]
    public async Task It_stops_with_0_when_it_is_told_to()
    {
        var path = TinyGguf.WriteTemporary(new TinyModel { Vocabulary = ByteVocabulary.Count, Metadata = ByteVocabulary.Metadata() });
        using var stop = new CancellationTokenSource();
        var run = RuntimeHost.RunAsync(new RuntimeOptions { ModelPath = path, Threads = 1 }, stop.Token);
        await stop.CancelAsync();
        Assert.Equal(0, await run);
        File.Delete(path);
    }
}
