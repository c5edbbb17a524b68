using System.Text;
using Amalgam.Gateway;
using Amalgam.Gateway.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Amalgam.Benchmarks.Gateway;

/// <summary>One process of the benchmark: the upstream or the gateway, each alone, so that its processor time is its own.</summary>
internal static class GatewayPeer
{
    private const int StreamChunks = 64;

    private static readonly byte[] Whole = Encoding.UTF8.GetBytes(
        """{"id":"cmpl-1","object":"chat.completion","created":1700000000,"model":"upstream","choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"The capital of France is Paris, which lies on the river Seine."}}],"usage":{"prompt_tokens":21,"completion_tokens":14,"total_tokens":35}}""");

    private static readonly byte[] Chunk = Encoding.UTF8.GetBytes(
        "data: {\"id\":\"cmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"upstream\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n");

    private static readonly byte[] End = Encoding.UTF8.GetBytes(
        "data: {\"id\":\"cmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"upstream\",\"choices\":[],\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":64,\"total_tokens\":85}}\n\ndata: [DONE]\n\n");

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (args is ["gateway", var upstream])
        {
            var ports = new BenchmarkPorts(upstream);
            builder.Services.AddSingleton<ICallers>(ports).AddSingleton<IReplicas>(ports).AddSingleton<ITokenLedger>(ports).AddSingleton<ILimits>(ports);
            builder.Services.AddGateway(new GatewayOptions());
        }
        var app = builder.Build();
        if (args[0] == "gateway") app.MapGateway();
        else app.MapPost("/v1/{**path}", (RequestDelegate)AnswerAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        // The driver closes our input when it is done.
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        var length = (int)(http.Request.ContentLength ?? 0);
        var body = new byte[length];
        await http.Request.Body.ReadExactlyAsync(body);
        if (body.AsSpan().IndexOf("\"stream\":true"u8) < 0)
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = Whole.Length;
            await http.Response.Body.WriteAsync(Whole);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < StreamChunks; i++)
        {
            await http.Response.Body.WriteAsync(Chunk);
            await http.Response.Body.FlushAsync();
        }
        await http.Response.Body.WriteAsync(End);
    }
}
