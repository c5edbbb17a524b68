using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class BadInputTests
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

    [Theory]
    [InlineData("", "empty", null)]
    [InlineData("[]", "must be a JSON object", null)]
    [InlineData("{\"model\":\"normal\",\n" + Messages + ",}", "line 2, byte 45", null)]
    [InlineData("{\"model\":\"normal\"," + Messages + "} trailing", "not valid JSON", null)]
    [InlineData("{\"model\":\"normal\"," + Messages, "not valid JSON", null)]
    [InlineData("{" + Messages + "}", "'model' is missing", "model")]
    [InlineData("{\"model\":7," + Messages + "}", "'model' must be a string", "model")]
    [InlineData("{\"model\":\"\"," + Messages + "}", "not empty", "model")]
    [InlineData("{\"model\":\"\\ud800\"," + Messages + "}", "surrogate", null)]
    [InlineData("{\"model\":\"normal\",\"model\":\"absent\"," + Messages + "}", "twice", "model")]
    [InlineData("{\"model\":\"normal\",\"mod\\u0065l\":\"absent\"," + Messages + "}", "twice", "model")]
    [InlineData("{\"model\":\"normal\"}", "'messages' is missing", "messages")]
    [InlineData("{\"model\":\"normal\",\"messages\":\"hi\"}", "array", "messages")]
    [InlineData("{\"model\":\"normal\",\"stream\":\"yes\"," + Messages + "}", "true or false", "stream")]
    [InlineData("{\"model\":\"normal\",\"stream\":true,\"stream_options\":7," + Messages + "}", "an object", "stream_options")]
    [InlineData("{\"model\":\"normal\",\"stream_options\":{\"include_usage\":1}," + Messages + "}", "true or false", "stream_options.include_usage")]
    [InlineData("{\"model\":\"normal\",\"temperature\":NaN," + Messages + "}", "line 1, byte 33", null)]
    [InlineData("{\"model\":\"normal\",\"temperature\":\"NaN\"," + Messages + "}", "must be a number", "temperature")]
    [InlineData("{\"model\":\"normal\",\"temperature\":1e999," + Messages + "}", "finite", "temperature")]
    [InlineData("{\"model\":\"normal\",\"max_tokens\":-1," + Messages + "}", "whole number", "max_tokens")]
    [InlineData("{\"model\":\"normal\",\"max_tokens\":1.5," + Messages + "}", "whole number", "max_tokens")]
    [InlineData("{\"model\":\"normal\",\"max_completion_tokens\":99999999999999999999," + Messages + "}", "whole number", "max_completion_tokens")]
    [InlineData("{\"model\":\"normal\",\"n\":0," + Messages + "}", "whole number", "n")]
    public async Task A_bad_chat_body_is_400_with_one_line_that_says_what(string body, string says, string? param)
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync(body);
        await AssertRefused(response, says, param);
        Assert.Empty(rig.Ledger.Reservations);
        Assert.Empty(rig.Upstreams[0].Requests);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        await using var rig = await GatewayRig.StartAsync();
        foreach (var path in new[] { "/v1/chat/completions", "/v1/responses" })
        {
            using var content = new ByteArrayContent([(byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
            using var response = await rig.Client.PostAsync(path, content);
            await AssertRefused(response, "UTF-8", null);
        }
    }

    [Fact]
    public async Task Nesting_without_end_is_refused()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync("{\"model\":\"normal\",\"x\":" + new string('[', 100_000) + "}");
        await AssertRefused(response, "depth", null);
    }

    [Fact]
    public async Task Embeddings_do_not_stream()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync("{\"model\":\"normal\",\"input\":\"a\",\"stream\":true}", "/v1/embeddings");
        await AssertRefused(response, "does not stream", "stream");
    }

    [Fact]
    public async Task A_compressed_body_is_415()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var content = new ByteArrayContent([0x1f, 0x8b, 0x08]);
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await rig.Client.PostAsync("/v1/chat/completions", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task A_declared_100_MB_body_is_413_before_a_byte_of_it_is_sent()
    {
        await using var rig = await GatewayRig.StartAsync();
        var address = new Uri(rig.Address);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer developer-key\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        var answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
        Assert.Contains("request_too_large", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_grows_past_the_limit_is_413_and_a_large_one_below_it_passes()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(GatewayRig.Chat("normal", $",\"x\":\"{new string('a', 1 << 20)}\"")) };
        chunked.Headers.TransferEncodingChunked = true;
        using var refused = await rig.Client.SendAsync(chunked);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using var passed = await rig.PostAsync(GatewayRig.Chat("normal", $",\"x\":\"{new string('a', 1_000_000)}\""));
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Contains(new string('a', 1_000_000), rig.Upstreams[0].Requests.Values.Single().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_cut_short_disturbs_nobody()
    {
        await using var rig = await GatewayRig.StartAsync();
        var address = new Uri(rig.Address);
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(address.Host, address.Port);
            await socket.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer developer-key\r\nContent-Length: 100\r\n\r\n{\"model\""u8.ToArray());
        }
        using var response = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0, "the cut request is over");
        Assert.Single(rig.Ledger.Reservations);
    }

    [Theory]
    [InlineData("{\"model\":\"normal\"}", "'input' is missing", "input")]
    [InlineData("{\"model\":\"normal\",\"input\":[]}", "at least one", "input")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"store\":true}", "not kept", "store")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"previous_response_id\":\"resp_1\"}", "whole conversation", "previous_response_id")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}]}", "'tools' is not supported", "tools")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"text\":{\"format\":{\"type\":\"json_object\"}}}", "type 'text'", "text")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"max_output_tokens\":0}", "whole number", "max_output_tokens")]
    [InlineData("{\"model\":\"normal\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"x\"}]}]}", "input_image", "input[0].content")]
    [InlineData("{\"model\":\"normal\",\"input\":[{\"type\":\"function_call_output\",\"output\":\"x\"}]}", "function_call_output", "input[0].type")]
    [InlineData("{\"model\":\"normal\",\"input\":\"a\",\"stream\":1}", "true or false", "stream")]
    public async Task What_responses_cannot_do_is_refused_by_name(string body, string says, string param)
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync(body, "/v1/responses");
        await AssertRefused(response, says, param);
        Assert.Empty(rig.Ledger.Reservations);
    }

    private static async Task AssertRefused(HttpResponseMessage response, string says, string? param)
    {
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        var message = error.GetProperty("message").GetString()!;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
    }
}
