package executor

import "encoding/binary"

// Request is what is asked of a server; Method is GET if it is empty.
type Request struct {
	Method  string
	URL     string
	Headers map[string]string
	Body    []byte
}

// Response is a server's answer, whatever its status. Err is set, in FetchMany's lists, where there was none.
type Response struct {
	Status  int
	Body    []byte
	Err     error
	headers *JSON
}

func (r Response) OK() bool             { return r.Status >= 200 && r.Status < 300 }
func (r Response) Text() string         { return string(r.Body) }
func (r Response) JSON() (*JSON, error) { return ParseJSON(r.Body) }

// Header is one by its name in lower case.
func (r Response) Header(name string) (string, bool) {
	header, err := r.headers.Get(name)
	if err != nil {
		return "", false
	}
	return header.text, true
}

func (r Request) message() []byte {
	method := r.Method
	if method == "" {
		method = "GET"
	}
	headers := ""
	for name, value := range r.Headers {
		if headers != "" {
			headers += ","
		}
		headers += quoted(name) + ":" + quoted(value)
	}
	head := `{"method":` + quoted(method) + `,"url":` + quoted(r.URL) + `,"headers":{` + headers + `}}`
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(head))), head...), r.Body...)
}

func responseOf(message []byte) (Response, error) {
	if len(message) < 4 || uint64(binary.LittleEndian.Uint32(message)) > uint64(len(message)-4) {
		return Response{}, errorf("a message is too short")
	}
	length := binary.LittleEndian.Uint32(message)
	head, err := ParseJSON(message[4 : 4+length])
	if err != nil {
		return Response{}, err
	}
	status, err := head.Get("status")
	if err != nil {
		return Response{}, err
	}
	headers, err := head.Get("headers")
	made := Response{Body: message[4+length:], headers: headers}
	for _, digit := range status.text {
		made.Status = made.Status*10 + int(digit-'0')
	}
	return made, err
}

// Get asks for a URL. Inside Observe only.
func Get(url string) (Response, error) { return Fetch(Request{URL: url}) }

// Fetch asks a server; where there is no answer the error has the capability's code.
func Fetch(request Request) (Response, error) {
	got, err := live("http.fetch", request.message())
	if err != nil {
		return Response{}, err
	}
	return responseOf(got)
}

// FetchMany asks all at once; the list has the order of the requests.
func FetchMany(requests []Request) ([]Response, error) {
	list := binary.LittleEndian.AppendUint32(nil, uint32(len(requests)))
	for _, request := range requests {
		message := request.message()
		list = append(binary.LittleEndian.AppendUint32(list, uint32(len(message))), message...)
	}
	got, err := live("http.fetch_many", list)
	if err != nil {
		return nil, err
	}
	var responses []Response
	for at := 4; at < len(got); {
		head, err := take(got, at, 5)
		if err != nil {
			return nil, err
		}
		part, err := take(got, at+5, int(binary.LittleEndian.Uint32(head[1:])))
		if err != nil {
			return nil, err
		}
		at += 5 + len(part)
		if head[0] != 0 {
			responses = append(responses, Response{Err: NewError(string(part), "http.fetch_many failed: "+string(part))})
			continue
		}
		response, err := responseOf(part)
		if err != nil {
			return nil, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}
