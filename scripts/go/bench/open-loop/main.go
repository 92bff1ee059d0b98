// Sends one request at a fixed rate, whether answers arrive or not, and prints one line of JSON. A latency counts from
// the time at which the request was due, so a stall is not hidden.
// Usage: open-loop --url URL --host HOST --rate 1000 --seconds 10 [--authorization VALUE]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	body    = `{"instances": [[6.8, 2.8, 4.8, 1.4]]}`
	timeout = 5 * time.Second
)

type result struct {
	Answered int     `json:"answered"`
	Failed   int     `json:"failed"`
	Failure  string  `json:"failure"`
	P50Ms    float64 `json:"p50Ms"`
	P99Ms    float64 `json:"p99Ms"`
	P999Ms   float64 `json:"p999Ms"`
}

func main() {
	url := flag.String("url", "", "")
	host := flag.String("host", "", "")
	authorization := flag.String("authorization", "", "")
	rate := flag.Int("rate", 1000, "")
	seconds := flag.Float64("seconds", 10, "")
	version := flag.Bool("version", false, "")
	flag.Parse()
	if *version {
		fmt.Println("open-loop 1.0.0")
		return
	}
	debug.SetGCPercent(400)
	count := int(float64(*rate) * *seconds)
	requests := make([]*http.Request, count)
	for index := range requests {
		request, err := http.NewRequest("POST", *url, strings.NewReader(body))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		request.Host = *host
		request.Header.Set("content-type", "application/json")
		if *authorization != "" {
			request.Header.Set("authorization", *authorization)
		}
		requests[index] = request
	}
	json.NewEncoder(os.Stdout).Encode(sendAll(requests, time.Second/time.Duration(*rate)))
}

func sendAll(requests []*http.Request, every time.Duration) result {
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	latencies := make([]time.Duration, len(requests))
	failures := make([]string, len(requests))
	var running sync.WaitGroup
	running.Add(len(requests))
	begun := time.Now()
	for index, request := range requests {
		due := begun.Add(time.Duration(index) * every)
		time.Sleep(time.Until(due))
		go func() {
			defer running.Done()
			failures[index] = send(client, request)
			latencies[index] = time.Since(due)
		}()
	}
	running.Wait()
	return resultOf(latencies, failures)
}

// The empty text: it was answered with 200.
func send(client *http.Client, request *http.Request) string {
	response, err := client.Do(request)
	if err != nil {
		return "no answer"
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		return response.Status
	}
	return ""
}

func resultOf(latencies []time.Duration, failures []string) result {
	told := result{Answered: len(latencies)}
	for _, failure := range failures {
		if failure != "" {
			told.Failed++
			told.Failure = failure
		}
	}
	sort.Slice(latencies, func(one, other int) bool { return latencies[one] < latencies[other] })
	at := func(share float64) float64 {
		rank := int(share*float64(len(latencies))+0.999999) - 1
		return float64(latencies[max(0, rank)].Microseconds()) / 1000
	}
	told.P50Ms, told.P99Ms, told.P999Ms = at(0.5), at(0.99), at(0.999)
	return told
}
